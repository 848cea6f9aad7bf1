/**
 * In: a report and the summaries of the runs before it. Out: one HTML file that needs nothing else: no network, no
 * script to read its figures. Guarantee: what comes from the database and from Redis is text wherever it stands; no
 * script runs but the page's own two, which the page's policy names by their digests.
 */
import { createHash } from 'node:crypto';
import { html } from 'ghtml';
import { type ReportSummary, summaryOf } from '../report-summary.js';
import { verdictOf } from '../report-verdict.js';
import { time } from '../report-wording.js';
import type { Report } from '../report.js';
import { visibleLine } from '../visible-text.js';
import { RUNS_MAX, byKindChart, byTableChart, overTimeChart } from './charts.js';
import { byKind, byTable, overTime } from './findings.js';
import { headline, keyFigures } from './headline.js';
import type { Html } from './markup.js';
import { samplesSection } from './samples.js';
import {
  coverageSection,
  heldBackSection,
  mismatchesSection,
  skippedSection,
  undecidedSection,
  unexplainedSection,
} from './scope.js';
import { CHART_SCRIPT, chartData, chartLibrary } from './script.js';
import { STYLE } from './style.js';

/** History in any order, with or without the report itself; runs after it do not count. */
export function renderReportPage(report: Report, history: readonly ReportSummary[]): string {
  const runs = runsUpTo(report, history);
  const course = overTimeChart(runs);
  const [tables, kinds] = [byTableChart(report.tables), byKindChart(report.drift)];
  const charts = [course, tables, kinds].filter((chart) => chart !== undefined);
  const scripts = charts.length === 0 ? [] : [chartLibrary(), CHART_SCRIPT];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="!${policyFor(scripts)}" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${titleOf(report)}</title>
        !${styleElement}
      </head>
      <body>
        <a class="skip" href="#over-time">Skip to the findings</a>
        <main>
          !${headline(report)} !${keyFigures(report)} !${overTime(runs, course)} !${byTable(report, tables)}
          !${byKind(report, kinds)} !${samplesSection(report)} !${mismatchesSection(report)}
          !${coverageSection(report)} !${unexplainedSection(report)} !${undecidedSection(report)}
          !${skippedSection(report)} !${heldBackSection(report)}
        </main>
        !${charts.length === 0 ? '' : dataElement(chartData(charts))} !${scripts.map(scriptElement)}
      </body>
    </html> `;
}

function runsUpTo(report: Report, history: readonly ReportSummary[]): ReportSummary[] {
  const ageOf = ({ startedAt }: ReportSummary): number =>
    Date.parse(report.startedAt) - Date.parse(startedAt);
  const before = history.filter((run) => run.id !== report.id && ageOf(run) >= 0);
  const byTime = (one: ReportSummary, other: ReportSummary): number => ageOf(other) - ageOf(one);
  return [...before.toSorted(byTime), summaryOf(report)].slice(-RUNS_MAX);
}

const titleOf = (report: Report): string =>
  `${visibleLine(verdictOf(report).headline)}: ${visibleLine(report.name)}, ${time(report.startedAt)}`;

const styleElement: Html = `<style>${STYLE}</style>`;
const scriptElement = (code: string): Html => `<script>${code}</script>`;
const dataElement = (json: string): Html =>
  `<script type="application/json" id="chart-data">${json}</script>`;

/** Nothing is loaded, and of what stands in the page only our own style and scripts count. */
const policyFor = (scripts: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src ${digestOf(STYLE)}`,
    ...(scripts.length === 0 ? [] : [`script-src ${scripts.map(digestOf).join(' ')}`]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

const digestOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
