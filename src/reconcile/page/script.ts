/**
 * What runs in the browser: Chart.js as it is published, and a few lines that colour and draw the charts. It is text,
 * since compiled code could not be taken out of this process whole.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DriftKind } from '../../domain/drift.js';
import { KIND_WORDS } from '../report-wording.js';
import type { PageChart } from './charts.js';
import { DARK, LIGHT, TEXTURES } from './palette.js';

/** The library for a script element. */
export function chartLibrary(): string {
  // The package exports no file of dist but its main file, so that the other is found beside that.
  const main = createRequire(import.meta.url).resolve('chart.js');
  return forScriptElement(readFileSync(join(dirname(main), 'chart.umd.min.js'), 'utf8'));
}

/** Code that holds `</script>` in a text would end the element there. The source map is not at hand in a page. */
export const forScriptElement = (code: string): string =>
  code.replace(/^\/\/# sourceMappingURL=.*$/gm, '').replace(/<\/(?=script)/gi, '<\\/');

/** What the page's script reads, as JSON. Names of tables are in it: no `<` may reach the HTML parser. */
export function chartData(charts: readonly PageChart[]): string {
  const kinds = Object.entries(KIND_WORDS).map(([kind, { label }]) => ({
    label,
    kind,
    texture: TEXTURES[kind as DriftKind],
  }));
  return JSON.stringify({ charts, kinds, light: LIGHT, dark: DARK }).replaceAll('<', '\\u003c');
}

export const CHART_SCRIPT = String.raw`'use strict';
(() => {
  const { charts, kinds, light, dark } = JSON.parse(document.getElementById('chart-data').textContent);
  const darkScheme = matchMedia('(prefers-color-scheme: dark)');
  const strokes = {
    rising: [[-2, 10, 10, -2], [-2, 18, 18, -2], [6, 18, 18, 6]],
    falling: [[-2, 6, 10, 18], [-2, -2, 18, 18], [6, -2, 18, 10]],
    lines: [[0, 4, 16, 4], [0, 12, 16, 12]],
    crossed: [[-2, 10, 10, -2], [6, 18, 18, 6], [-2, 6, 10, 18], [6, -2, 18, 10]],
  };
  const fillOf = (texture, color, palette) => {
    if (texture === 'solid') return color;
    const tile = document.createElement('canvas');
    tile.width = tile.height = 16;
    const pen = tile.getContext('2d');
    pen.fillStyle = color;
    pen.fillRect(0, 0, 16, 16);
    pen.strokeStyle = pen.fillStyle = palette.surface;
    pen.lineWidth = 2;
    for (const [fromX, fromY, toX, toY] of strokes[texture] ?? []) {
      pen.beginPath();
      pen.moveTo(fromX, fromY);
      pen.lineTo(toX, toY);
      pen.stroke();
    }
    if (texture === 'dots')
      for (const [x, y] of [[4, 4], [12, 12]]) {
        pen.beginPath();
        pen.arc(x, y, 2.2, 0, 7);
        pen.fill();
      }
    const pattern = pen.createPattern(tile, 'repeat');
    pattern.setTransform(new DOMMatrix().scale(0.5)); // fine on screens of twice the density
    return pattern;
  };
  let drawn = [];
  const draw = (palette) => {
    for (const chart of drawn) chart.destroy();
    Chart.defaults.color = palette.muted;
    Chart.defaults.borderColor = palette.line;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 13;
    const fillOfKind = ({ kind, texture }) => fillOf(texture, palette.kinds[kind], palette);
    drawn = charts.map(({ id, bars, barKinds, config }) => {
      const canvas = document.getElementById(id);
      const frame = canvas.parentElement;
      frame.hidden = false;
      if (bars > 0) frame.style.height = (barKinds ? 72 : 160) + bars * 38 + 'px'; // more where there is a legend
      const own = structuredClone(config);
      for (const set of own.data.datasets) {
        const named = barKinds ?? [kinds.find(({ label }) => label === set.label).kind];
        const used = named.map((name) => kinds.find(({ kind }) => kind === name));
        set.backgroundColor = used.map(fillOfKind);
        set.borderColor = used.map(({ kind }) => palette.kinds[kind]);
        if (!barKinds) [set.backgroundColor, set.borderColor] = [set.backgroundColor[0], set.borderColor[0]];
        set.borderWidth = 1;
      }
      return new Chart(canvas, own);
    });
  };
  const drawForScreen = () => draw(darkScheme.matches ? dark : light);
  darkScheme.addEventListener('change', drawForScreen);
  addEventListener('beforeprint', () => draw(light));
  addEventListener('afterprint', drawForScreen);
  drawForScreen();
})();`;
