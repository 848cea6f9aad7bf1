import type { ChartConfiguration } from 'chart.js';
import type { DriftKind } from '../../domain/drift.js';
import type { ReportSummary } from '../report-summary.js';
import { KIND_WORDS, kindsIn, totalDrift } from '../report-wording.js';
import type { Report } from '../report.js';
import { visibleLine } from '../visible-text.js';

/** A chart without colours: the page's script adds them, by kind and colour scheme. */
export interface PageChart {
  /** Of the canvas. */
  readonly id: string;
  /** Horizontal bars, so that the height follows their number; 0: the height of the style sheet. */
  readonly bars: number;
  /** A bar's kind, where each bar is another; otherwise each data set has its own. */
  readonly barKinds?: readonly DriftKind[];
  readonly config: ChartConfiguration<'bar'>;
}

export const RUNS_MAX = 60;
export const TABLES_MAX = 20;
const LABEL_MAX = 40;

/** Drift of these runs, oldest first. Undefined where there is nothing to see. */
export function overTimeChart(runs: readonly ReportSummary[]): PageChart | undefined {
  if (runs.length < 2 || runs.every(({ drift }) => totalDrift(drift) === 0)) return undefined;
  const labels = runs.map(({ startedAt }) => startedAt.slice(5, 16).replace('T', ' '));
  return {
    id: 'chart-over-time',
    bars: 0,
    config: stacked(
      'x',
      labels,
      runs.map(({ drift }) => drift),
    ),
  };
}

/** The tables that drifted most. */
export function byTableChart(tables: Report['tables']): PageChart | undefined {
  const drifted = tables
    .filter(({ drift }) => totalDrift(drift) > 0)
    .sort((one, other) => totalDrift(other.drift) - totalDrift(one.drift))
    .slice(0, TABLES_MAX);
  if (drifted.length === 0) return undefined;
  const labels = drifted.map(({ table }) => shortened(visibleLine(table)));
  const config = stacked(
    'y',
    labels,
    drifted.map(({ drift }) => drift),
  );
  return { id: 'chart-by-table', bars: drifted.length, config };
}

export function byKindChart(drift: Report['drift']): PageChart | undefined {
  const kinds = kindsIn([drift]);
  if (kinds.length === 0) return undefined;
  const config = bars('y', {
    labels: kinds.map((kind) => KIND_WORDS[kind].label),
    datasets: [{ label: 'values', data: kinds.map((kind) => drift[kind]) }],
  });
  return { id: 'chart-by-kind', bars: kinds.length, barKinds: kinds, config };
}

/** A bar for each label, of a piece for each kind. The script finds a data set's kind by its label. */
function stacked(
  axis: 'x' | 'y',
  labels: string[],
  drifts: readonly Report['drift'][],
): ChartConfiguration<'bar'> {
  const datasets = kindsIn(drifts).map((kind) => ({
    label: KIND_WORDS[kind].label,
    data: drifts.map((drift) => drift[kind]),
  }));
  return bars(axis, { labels, datasets }, true);
}

function bars(
  axis: 'x' | 'y',
  data: ChartConfiguration<'bar'>['data'],
  legend = false,
): ChartConfiguration<'bar'> {
  const [values, names] = axis === 'x' ? (['y', 'x'] as const) : (['x', 'y'] as const);
  return {
    type: 'bar',
    data,
    options: {
      indexAxis: axis,
      animation: false, // calm, and complete when it is printed
      responsive: true,
      maintainAspectRatio: false,
      locale: 'en',
      datasets: { bar: { maxBarThickness: 28 } },
      interaction: { mode: 'index', axis, intersect: false },
      plugins: {
        legend: {
          display: legend,
          position: 'bottom',
          align: 'start',
          labels: { boxWidth: 22, boxHeight: 12, padding: 16 },
        },
      },
      scales: {
        [values]: {
          stacked: true,
          beginAtZero: true,
          ticks: { precision: 0, maxTicksLimit: 6 },
          border: { display: false },
        },
        [names]: {
          stacked: true,
          grid: { display: false },
          title: { display: axis === 'x', text: 'Start of each run, UTC' },
          ticks: { maxRotation: 0, autoSkip: axis === 'x', autoSkipPadding: 24 },
        },
      },
    },
  };
}

const shortened = (text: string): string =>
  text.length > LABEL_MAX ? `${text.slice(0, LABEL_MAX - 1)}…` : text;
