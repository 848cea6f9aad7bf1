/** Drift reports for a terminal. All text of others goes through `visibleLine`: it could drive the terminal. */
import Table from 'cli-table3';
import { type Part, differenceOf, withGaps } from '../reconcile/difference.js';
import type { ReportSummary } from '../reconcile/report-summary.js';
import { verdictOf } from '../reconcile/report-verdict.js';
import {
  HISTORY_WORDS,
  KIND_WORDS,
  REPAIR_WORDS,
  SCOPE_WORDS,
  STATUS_WORDS,
  TRIGGER_WORDS,
  WAIT_WORDS,
  count,
  duration,
  kindsIn,
  number,
  time,
  totalDrift,
} from '../reconcile/report-wording.js';
import type { Report, Sample } from '../reconcile/report.js';
import { visibleLine } from '../reconcile/visible-text.js';

/** A value up to this length is shown as it is. */
const VALUE_LENGTH_MAX = 160;
const CONTEXT_LENGTH = 30;

/** One line a report, in the order given. */
export function renderReportList(summaries: readonly ReportSummary[]): string {
  const table = tableOf([
    'report',
    'started',
    'pass',
    'outcome',
    'drift',
    'repaired',
    'undecided',
    'compared',
  ]);
  for (const { id, startedAt, scope, trigger, status, drift, repaired, undecided, compared } of summaries)
    table.push([
      visibleLine(id),
      time(startedAt),
      `${scope}, ${TRIGGER_WORDS[trigger]}`,
      STATUS_WORDS[status].toLowerCase(),
      driftWords(drift),
      ...[repaired, undecided, compared].map(right),
    ]);
  return table.toString();
}

const driftWords = (drift: Report['drift']): string =>
  kindsIn([drift])
    .map((kind) => `${number(drift[kind])} ${kind}`)
    .join('\n') || 'none';

/** What a person wants to know first stands first. */
export function renderReport(report: Report): string {
  const { headline, details } = verdictOf(report);
  return [
    [headline, ...details].map(visibleLine).join('\n'),
    aboutLines(report).join('\n'),
    driftTable(report),
    ...titled('Samples', report.samples.map(sampleLines)),
    ...titled('Wrong mappings', report.mismatches.map(mismatchLine)),
    ...titled('Coverage', coverageLines(report)),
    ...titled('Unexplained keys', unexplainedLines(report)),
    ...titled(
      'Undecided',
      report.undecidedSamples.map(({ key, why }) => `${visibleLine(key)}: ${visibleLine(why)}`),
    ),
    ...titled(
      'Skipped',
      report.skipped.map(({ what, why }) => `${visibleLine(what)}: ${visibleLine(why)}`),
    ),
  ].join('\n\n');
}

function aboutLines(report: Report): string[] {
  const { id, name, scope, trigger, startedAt, durationMs, resumed, waitedMs } = report;
  const waits = WAIT_WORDS.filter(([wait]) => waitedMs[wait] > 0).map(
    ([wait, words]) => `${words.toLowerCase()} ${duration(waitedMs[wait])}`,
  );
  return [
    `${SCOPE_WORDS[scope]} of ${visibleLine(name)}, begun ${TRIGGER_WORDS[trigger]} at ${time(startedAt)}, took ${duration(durationMs)} (report ${visibleLine(id)})`,
    `${count(report.rows, 'row')} read (${number(report.rowsPerSecond)}/s), ${count(report.keys, 'key')} found (${number(report.keysPerSecond)}/s), ${count(report.compared, 'value')} compared`,
    ...(resumed === 0
      ? []
      : [`taken up again ${resumed === 1 ? 'once' : count(resumed, 'time')} by another process`]),
    ...(waits.length === 0 ? [] : [`held back for ${waits.join(', ')}`]),
  ];
}

/** A line a table, a column for each kind that occurs. */
function driftTable({ tables, drift, repaired, undecided, compared }: Report): string {
  const kinds = kindsIn([drift, ...tables.map((each) => each.drift)]);
  const table = tableOf(['table', 'compared', ...kinds, 'drift', 'repaired', 'undecided']);
  const lineOf = (
    name: string,
    line: Pick<Report, 'drift' | 'repaired' | 'undecided' | 'compared'>,
  ): void => {
    const counts = [line.compared, ...kinds.map((kind) => line.drift[kind]), totalDrift(line.drift)];
    table.push([visibleLine(name), ...[...counts, line.repaired, line.undecided].map(right)]);
  };
  for (const each of tables) lineOf(each.table, each);
  if (tables.length !== 1) lineOf('all', { drift, repaired, undecided, compared });
  return table.toString();
}

function sampleLines(sample: Sample, index: number): string {
  const { table, key, field, kind, rowKey, differs, cached, row, repair, history } = sample;
  const [cachedParts, rowParts] = differenceOf(cached ?? '', row ?? '');
  const place = `${visibleLine(key)}${field === null ? '' : `, field ${visibleLine(field)}`}`;
  const changes = history.changes.map(
    ({ at, operation, changed, partition, offset }) =>
      `     ${time(at)}  ${operation} ${changed.map(visibleLine).join(', ')} (partition ${partition}, offset ${visibleLine(offset)})`,
  );
  return [
    `${index + 1}. ${KIND_WORDS[kind].label}: ${place}`,
    `   ${visibleLine(table)}${rowKey === '' ? '' : ` ${visibleLine(rowKey)}`}${differs === '' ? '' : `, differs: ${visibleLine(differs)}`}`,
    `   Redis held   ${shown(cached, cachedParts, 'nothing')}`,
    `   MySQL holds  ${shown(row, rowParts, 'no row')}`,
    `   ${REPAIR_WORDS[repair]}`,
    `   ${HISTORY_WORDS[history.verdict]}. ${visibleLine(history.text)}`,
    ...changes,
  ].join('\n');
}

/** Of a long value, what both sides have in common is cut. Brackets tell our words from values. */
function shown(value: string | null, parts: readonly Part[], nothing: string): string {
  if (value === null) return `(${nothing})`;
  if (value === '') return '(an empty text)';
  if (value.length <= VALUE_LENGTH_MAX) return visibleLine(value);
  return withGaps(parts, CONTEXT_LENGTH)
    .map((part) => ('leftOut' in part ? ' … ' : visibleLine(part.text)))
    .join('');
}

const mismatchLine = ({ table, template, compared, alike, differs }: Report['mismatches'][number]): string =>
  `${visibleLine(template)} of ${visibleLine(table)}: ${number(alike)} of ${count(compared, 'value')} differ alike: ${visibleLine(differs)}`;

function coverageLines({ coverage }: Report): string[] {
  const inFull = coverage.filter(({ values, keys }) => values && keys).length;
  const outside = coverage.filter(({ values, keys }) => !values || !keys);
  return [
    `${number(inFull)} of ${count(coverage.length, 'template')} looked at from both sides`,
    ...outside.map(({ table, template, values, keys, why }) => {
      const seen = values ? 'only values' : keys ? 'only keys' : 'nothing';
      return `${visibleLine(template)} of ${visibleLine(table)}: ${seen}${why === '' ? '' : `, since ${visibleLine(why)}`}`;
    }),
  ];
}

const unexplainedLines = ({ unexplained: { keys, samples } }: Report): string[] =>
  keys === 0
    ? []
    : [
        `${count(keys, 'key')} under our prefixes that no template explains; left alone`,
        ...samples.map(visibleLine),
      ];

/** Nothing at all where there are no lines. */
const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [[title, ...lines.map((line) => line.replace(/^/gm, '  '))].join('\n')];

const tableOf = (head: string[]): Table.Table => new Table({ head, style: { head: [], border: [] } });

const right = (value: number): { content: string; hAlign: 'right' } => ({
  content: number(value),
  hAlign: 'right',
});
