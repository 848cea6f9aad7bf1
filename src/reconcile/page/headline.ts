import { html } from 'ghtml';
import { verdictOf, type ReportVerdict } from '../report-verdict.js';
import { SCOPE_WORDS, TRIGGER_WORDS, count, duration, number, totalDrift } from '../report-wording.js';
import type { Report } from '../report.js';
import { type Html, moment, plain } from './markup.js';

/** Drawn, so that the tone is told by shape as well as by colour. */
const MARKS: Readonly<Record<ReportVerdict['tone'], Html>> = {
  clean: '<path d="M7 12.5l3.5 3.5L17 9"/>',
  mended: '<path d="M7 12.5l3.5 3.5L17 9"/>',
  attention: '<path d="M12 6.5v7M12 17v.5"/>',
  broken: '<path d="M8.5 8.5l7 7M15.5 8.5l-7 7"/>',
};

/** A headline with a reason in it; set smaller beyond this length. */
const LONG = 60;

export function headline(report: Report): Html {
  const { tone, headline: words, details } = verdictOf(report);
  const started = html`${SCOPE_WORDS[report.scope]}, begun ${TRIGGER_WORDS[report.trigger]}`;
  return html`<header class="headline ${tone}">
    <p class="origin">Drift report of <strong>!${plain(report.name)}</strong></p>
    <div class="verdict">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="12" r="10.5" />
        !${MARKS[tone]}
      </svg>
      <h1 class="${words.length > LONG ? 'long' : ''}">!${plain(words)}</h1>
    </div>
    !${details.map((detail) => html`<p class="detail">!${plain(detail)}</p>`)}
    <p class="meta">
      !${started} · !${moment(report.startedAt)} · took ${duration(report.durationMs)}!${resumedWords(report)}
      · report
      <code>!${plain(report.id)}</code>
    </p>
  </header>`;
}

const resumedWords = ({ resumed }: Report): Html =>
  resumed === 0
    ? ''
    : html`, taken up again ${resumed === 1 ? 'once' : count(resumed, 'time')} by another process`;

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly beside?: string;
}

export function keyFigures(report: Report): Html {
  const items = figuresOf(report).map(
    ({ name, value, beside = '' }) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value} <span>${beside}</span></dd>
      </div>`,
  );
  return html`<dl class="figures" aria-label="Key figures">!${items}</dl>`;
}

function figuresOf(report: Report): Figure[] {
  const { rows, keys, compared, repaired, undecided, coverage, waitedMs } = report;
  const inFull = coverage.filter((each) => each.values && each.keys).length;
  const heldBackMs = Object.values(waitedMs).reduce((total, ms) => total + ms, 0);
  return [
    { name: 'Drifted', value: number(totalDrift(report.drift)), beside: 'confirmed' },
    { name: 'Repaired', value: number(repaired), beside: report.repairs ? '' : 'not asked for' },
    { name: 'Undecided', value: number(undecided) },
    { name: 'Compared', value: number(compared), beside: 'cached values' },
    { name: 'Rows read', value: number(rows), beside: `${number(report.rowsPerSecond)} a second` },
    { name: 'Keys found', value: number(keys), beside: `${number(report.keysPerSecond)} a second` },
    {
      name: 'Coverage',
      value: `${number(inFull)} of ${number(coverage.length)}`,
      beside: coverage.length === 1 ? 'template in full' : 'templates in full',
    },
    { name: 'Duration', value: duration(report.durationMs), beside: `${duration(heldBackMs)} held back` },
  ];
}
