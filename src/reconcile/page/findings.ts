/** Where and when drift was found, in figures. */
import { html } from 'ghtml';
import { DRIFT_KINDS } from '../../domain/drift.js';
import type { ReportSummary } from '../report-summary.js';
import {
  KIND_WORDS,
  STATUS_WORDS,
  TRIGGER_WORDS,
  count,
  kindsIn,
  number,
  totalDrift,
} from '../report-wording.js';
import type { Report } from '../report.js';
import { type PageChart, TABLES_MAX } from './charts.js';
import {
  type Column,
  type Html,
  chartFrame,
  code,
  dataTable,
  figure,
  kindName,
  moment,
  note,
  plain,
  quietSection,
  section,
} from './markup.js';

/** Runs are oldest first, as the chart shows them; the table says the newest first. */
export function overTime(runs: readonly ReportSummary[], chart: PageChart | undefined): Html {
  if (runs.length < 2)
    return quietSection(
      'over-time',
      'Drift over time',
      'Only this run is known so far; a chart begins with the next one.',
    );
  const label = `Drift of ${count(runs.length, 'run')}, oldest first, by kind`;
  const table = dataTable('Drift over time', runs.toReversed(), [
    { head: 'Started', cell: ({ startedAt }) => moment(startedAt) },
    {
      head: 'Pass',
      cell: ({ scope, trigger }) => html`${scope === 'full' ? 'Full' : 'Recent'}, ${TRIGGER_WORDS[trigger]}`,
    },
    { head: 'Outcome', cell: outcome },
    ...kindColumns(runs),
    { head: 'Drifted', cell: ({ drift }) => figure(totalDrift(drift)), form: 'number' },
    { head: 'Repaired', cell: ({ repaired }) => figure(repaired), form: 'number' },
    { head: 'Undecided', cell: ({ undecided }) => figure(undecided), form: 'number' },
    { head: 'Compared', cell: ({ compared }) => figure(compared), form: 'number' },
  ]);
  return section(
    'over-time',
    'Drift over time',
    chart === undefined
      ? note(`No value drifted in any of the ${count(runs.length, 'run')} up to this one.`)
      : chartFrame(chart.id, label),
    html`<details>
      <summary>${count(runs.length, 'run')} in figures</summary>
      !${table}
    </details>`,
  );
}

const outcome = ({ status, reason }: ReportSummary): Html =>
  html`${STATUS_WORDS[status]}!${reason === '' ? '' : html`: !${plain(reason)}`}`;

export function byTable({ tables }: Report, chart: PageChart | undefined): Html {
  if (tables.length === 0) return quietSection('by-table', 'Drift by table', 'This pass looked at no table.');
  const most =
    chart !== undefined && chart.bars === TABLES_MAX ? `, the ${TABLES_MAX} that drifted most` : '';
  return section(
    'by-table',
    'Drift by table',
    chart === undefined
      ? note(
          `No value drifted in ${tables.length === 1 ? 'the one table' : `any of ${count(tables.length, 'table')}`}.`,
        )
      : chartFrame(chart.id, `Drift by table and kind${most}`),
    dataTable('Drift by table', tables, [
      { head: 'Table', cell: ({ table }) => code(table) },
      { head: 'Rows read', cell: ({ rows }) => figure(rows), form: 'number' },
      { head: 'Compared', cell: ({ compared }) => figure(compared), form: 'number' },
      { head: 'Not cached', cell: ({ absent }) => figure(absent), form: 'number' },
      { head: 'Keys found', cell: ({ keys }) => figure(keys), form: 'number' },
      ...kindColumns(tables),
      { head: 'Drifted', cell: ({ drift }) => figure(totalDrift(drift)), form: 'number' },
      { head: 'Repaired', cell: ({ repaired }) => figure(repaired), form: 'number' },
      { head: 'Undecided', cell: ({ undecided }) => figure(undecided), form: 'number' },
    ]),
  );
}

/** A column for each kind that occurs. */
const kindColumns = <Row extends { readonly drift: Report['drift'] }>(rows: readonly Row[]): Column<Row>[] =>
  kindsIn(rows.map(({ drift }) => drift)).map((kind) => ({
    head: KIND_WORDS[kind].label,
    cell: ({ drift }) => figure(drift[kind]),
    form: 'number',
  }));

export function byKind({ drift, samples }: Report, chart: PageChart | undefined): Html {
  const total = totalDrift(drift);
  const nameOf = (kind: (typeof DRIFT_KINDS)[number]): Html =>
    samples.some((sample) => sample.kind === kind)
      ? html`<a href="#samples-${kind}">!${kindName(kind)}</a>`
      : kindName(kind);
  return section(
    'by-kind',
    'Drift by kind',
    chart === undefined ? note('No value drifted in any way.') : chartFrame(chart.id, 'Drift by kind'),
    dataTable('Drift by kind', DRIFT_KINDS, [
      { head: 'Kind', cell: nameOf },
      { head: 'Values', cell: (kind) => figure(drift[kind]), form: 'number' },
      {
        head: 'Share',
        cell: (kind) => (total === 0 ? '' : html`${number((100 * drift[kind]) / total)} %`),
        form: 'number',
      },
      { head: 'What it means', cell: (kind) => html`${KIND_WORDS[kind].meaning}`, form: 'prose' },
    ]),
  );
}
