/** Figures as a table for people. Pure, apart from the terminal's colours, which chalk decides. */
import chalk from 'chalk';
import Table from 'cli-table3';
import type { Bound, Figure, Spread } from './results.js';

export function renderTable(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['part', 'figure', 'value', 'compared with', 'ratio', 'must', 'aspire', 'verdict'],
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }, // no lines between rows
  });
  let part = '';
  for (const figure of figures) {
    table.push([
      figure.part === part ? '' : figure.part,
      figure.name,
      `${spreadText(figure.value)} ${figure.unit}`,
      figure.limit === undefined ? '' : `${numberText(figure.limit.value)} (${figure.limit.name})`,
      figure.ratio === undefined ? '' : figure.ratio.toFixed(2),
      boundText(figure.must),
      boundText(figure.aspire),
      verdictText(figure.verdict),
    ]);
    part = figure.part;
  }
  return table.toString();
}

function spreadText({ median, min, max }: Spread): string {
  const text = numberText(median);
  return min === max ? text : `${text} (${numberText(min)}-${numberText(max)})`;
}

/** Three digits at least, and no more behind the point than tell something. */
export function numberText(value: number): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function boundText(bound: Bound | undefined): string {
  if (bound === undefined) return '';
  return 'atLeast' in bound ? `>= ${bound.atLeast}` : `<= ${bound.atMost}`;
}

function verdictText(verdict: Figure['verdict']): string {
  switch (verdict) {
    case 'missed':
      return chalk.red('MISSED');
    case 'pass':
      return chalk.green('pass');
    case 'aspired':
      return chalk.green('pass, as aspired');
    case 'fact':
      return '';
  }
}
