import { DRIFT_KINDS } from '../../domain/drift.js';
import { DARK, LIGHT, type Palette, TEXTURES } from './palette.js';

const variables = ({ kinds, ...colors }: Palette): string =>
  [...Object.entries(colors), ...Object.entries(kinds)]
    .map(([name, color]) => `--${name}:${color}`)
    .join(';');

/** The textures of the charts again, for the keys in tables. */
const TEXTURE_STYLES: Readonly<Record<(typeof TEXTURES)[keyof typeof TEXTURES], string>> = {
  solid: 'none',
  rising: 'repeating-linear-gradient(135deg, transparent 0 3px, var(--surface) 3px 4.4px)',
  falling: 'repeating-linear-gradient(45deg, transparent 0 3px, var(--surface) 3px 4.4px)',
  dots: 'radial-gradient(circle, var(--surface) 1.2px, transparent 1.6px) 0 0 / 5px 5px',
  lines: 'repeating-linear-gradient(0deg, transparent 0 3px, var(--surface) 3px 4.4px)',
  crossed:
    'repeating-linear-gradient(45deg, transparent 0 3px, var(--surface) 3px 4.4px), ' +
    'repeating-linear-gradient(135deg, transparent 0 3px, var(--surface) 3px 4.4px)',
};

const swatches = DRIFT_KINDS.map((kind) => {
  const texture = TEXTURE_STYLES[TEXTURES[kind]];
  const layers = texture === 'none' ? '' : `${texture}, `;
  return `.swatch.${kind}{background:${layers}linear-gradient(var(--${kind}),var(--${kind}));border-color:var(--${kind})}`;
}).join('\n');

const LIGHT_VARIABLES = `:root{color-scheme:light;${variables(LIGHT)}}`;

export const STYLE = `
${LIGHT_VARIABLES}
@media (prefers-color-scheme: dark){:root{color-scheme:dark;${variables(DARK)}}}
@media print{${LIGHT_VARIABLES}}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{
  margin:0;background:var(--background);color:var(--ink);
  font:400 1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
}
main{max-width:70rem;margin:0 auto;padding:clamp(1.5rem,5vw,4rem) clamp(1rem,4vw,2.5rem) 6rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
code{overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.2em}
:focus-visible{outline:2px solid var(--link);outline-offset:3px;border-radius:4px}
.skip{position:absolute;left:1rem;top:-4rem;background:var(--surface);padding:.5rem 1rem;border-radius:6px}
.skip:focus{top:1rem}
h1,h2,h3,h4,h5,p,dl,dd,ul{margin:0}

.headline{display:grid;gap:.75rem}
.origin,.meta,.note,.detail{color:var(--muted);text-wrap:pretty}
.origin{font-size:1.0625rem}
.note,.detail{max-width:72ch}
.origin strong{color:var(--ink);font-weight:600}
.verdict{display:grid;grid-template-columns:auto 1fr;gap:.9rem;align-items:start}
.verdict svg{width:2.25rem;height:2.25rem;margin-top:.3rem;fill:none;stroke:var(--tone);stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
h1{font-size:clamp(1.6rem,4.2vw,2.5rem);line-height:1.18;font-weight:650;letter-spacing:-.018em;overflow-wrap:anywhere;text-wrap:balance}
h1.long{font-size:clamp(1.35rem,3vw,1.75rem);line-height:1.3}
.detail{color:var(--ink);font-size:1.0625rem}
.detail+.detail{margin-top:-.5rem}
.meta{font-size:.9rem}
.clean,.mended{--tone:var(--good)}
.attention{--tone:var(--warn)}
.broken{--tone:var(--bad)}

.figures{
  display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1px;margin:2.5rem 0 0;
  background:var(--line);border:1px solid var(--line);border-radius:12px;overflow:hidden;
}
.figures div{background:var(--surface);padding:1.1rem 1.25rem 1.2rem}
.figures dt{color:var(--muted);font-size:.875rem}
.figures dd{font-size:1.6rem;line-height:1.3;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums}
.figures dd span{display:block;min-height:1.4em;color:var(--muted);font-size:.85rem;font-weight:400;letter-spacing:0}

section{margin-top:4rem}
h2{font-size:1.35rem;line-height:1.3;font-weight:620;letter-spacing:-.01em;margin-bottom:.75rem}
h3{font-size:1.05rem;font-weight:600;margin:2.25rem 0 1rem;scroll-margin-top:1rem}
section.quiet{display:grid;grid-template-columns:15rem 1fr;gap:1rem;margin-top:0;padding:1rem 0;border-top:1px solid var(--line)}
section:not(.quiet)+.quiet{margin-top:4rem}
.quiet h2{font-size:1rem;line-height:1.6;letter-spacing:0;margin:0}
.of{color:var(--muted);font-weight:400;font-size:.9rem;margin-left:.4rem}
.note+.scroll,.note+details,.chart+.scroll,.chart+details{margin-top:1.25rem}

.chart{position:relative;height:20rem;padding:1.25rem;background:var(--surface);border:1px solid var(--line);border-radius:12px}
.chart[hidden]{display:none}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:12px}
table{width:100%;border-collapse:collapse;font-size:.9rem;line-height:1.45;font-variant-numeric:tabular-nums}
th,td{padding:.65rem 1rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--muted);font-weight:500;font-size:.825rem;vertical-align:bottom}
tbody th{font-weight:500}
th.number,td.number{text-align:right}
td.number,tbody th.number{white-space:nowrap}
td.text,tbody th.text{min-width:7.5rem}
td.prose{min-width:15rem}
time{white-space:nowrap}
td code,th code{display:inline-block;min-width:11rem}
.zero{color:var(--muted)}
summary{cursor:pointer;color:var(--link);width:fit-content;padding:.25rem 0}
details[open] summary{margin-bottom:.75rem}
.kind{display:inline-flex;align-items:center;gap:.55rem}
.swatch{flex:none;width:.95rem;height:.95rem;border-radius:3px;border:1px solid}
${swatches}

.sample{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem 1.4rem 1.4rem;break-inside:avoid}
.sample+.sample{margin-top:1.25rem}
h4{font-size:1rem;font-weight:600;overflow-wrap:anywhere}
h4 span{color:var(--muted);font-weight:400;font-size:.875rem;margin:0 .2rem 0 .5rem}
.facts{display:flex;flex-wrap:wrap;gap:.3rem 1.75rem;margin-top:.55rem;font-size:.875rem}
.facts div{display:flex;gap:.5rem;min-width:0}
.facts dt{color:var(--muted)}
.facts dd{min-width:0;overflow-wrap:anywhere}
.sides{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem;margin-top:1.1rem}
h5{font-size:.825rem;font-weight:500;color:var(--muted);margin-bottom:.35rem}
pre,.nothing{margin:0;padding:.75rem .9rem;min-height:2.9rem;background:var(--background);border:1px solid var(--line);border-radius:8px}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:18rem;overflow:auto;line-height:1.55}
.nothing{color:var(--muted);font-style:italic;font-size:.9rem}
mark{color:inherit;font-weight:600;border-radius:3px;padding:0 .1em;text-decoration:underline;text-decoration-thickness:1.5px;text-underline-offset:.2em;background:var(--markRow)}
pre .gap{color:var(--muted);font-family:system-ui,sans-serif;font-size:.85em;font-style:italic}
pre .gap::before,pre .gap::after{content:"…"}
.cached mark{background:var(--markCached)}
.history{margin-top:1.1rem;font-size:.925rem}
.history p{max-width:72ch}
.history .scroll{margin-top:.75rem;border-radius:8px}
.history th,.history td{padding:.45rem .8rem}
.history table{font-size:.85rem}
.keys{margin-top:1rem;padding-left:1.25rem}
.keys li+li{margin-top:.25rem}

@media (max-width:56rem){.figures{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:40rem){
  section.quiet{grid-template-columns:minmax(0,1fr);gap:.25rem}
  .figures div{padding:.9rem 1rem}
  .figures dd{font-size:1.3rem}
  .verdict svg{width:1.75rem;height:1.75rem;margin-top:.15rem}
  .sides{grid-template-columns:minmax(0,1fr)}
  .sample{padding:1rem}
  .chart{padding:.75rem;height:23rem}
  section{margin-top:3rem}
}
@media print{
  body{background:none;font-size:10pt}
  main{max-width:none;padding:0}
  .skip,summary,details:not([open]){display:none}
  .figures{grid-template-columns:repeat(4,minmax(0,1fr));margin-top:1.2rem}
  section{margin-top:1.6rem}
  h2,h3,h4{break-after:avoid}
  tr,.chart,.figures{break-inside:avoid}
  .scroll{overflow:visible}
  pre{max-height:none}
  canvas{max-width:100%!important}
  table{font-size:7.5pt}
  th,td{padding:.3rem}
  thead th{font-size:7pt}
  td code,th code,td.text,td.prose{min-width:0}
  tbody th.text{min-width:7rem}
  .swatch,mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
