import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addReportCommand } from '../../../src/cli/report-command.js';
import { renderReport, renderReportList } from '../../../src/cli/report-text.js';
import { summaryOf } from '../../../src/reconcile/report-summary.js';
import { driftWith, reportWith, sampleWith, tableWith } from '../../support/reports.js';

const report = reportWith({
  drift: driftWith({ stale: 9, orphan: 3 }),
  repaired: 11,
  undecided: 1,
  resumed: 2,
  waitedMs: { rate: 0, replicaLag: 1_200, redisLatency: 0, outage: 61_000 },
  tables: [
    tableWith({ drift: driftWith({ stale: 9 }), repaired: 9 }),
    tableWith({ table: 'shop.brands', drift: driftWith({ orphan: 3 }), repaired: 2 }),
  ],
  samples: [sampleWith(), sampleWith({ kind: 'orphan', key: 'app:brand:4', field: 'name', row: null })],
  coverage: [
    { table: 'shop.products', template: 'product:{id}', values: true, keys: true, why: '' },
    { table: 'shop.brands', template: 'b:{id|sha1}', values: true, keys: false, why: 'a hash hides the id' },
  ],
  unexplained: { keys: 7, samples: ['app:old'] },
  undecidedSamples: [{ key: 'app:product:8', why: 'it kept changing' }],
  skipped: [{ what: 'shop.log', why: 'no primary key' }],
});
/** Lines of a table, as cells. */
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

describe('a drift report at a terminal', () => {
  test('says the verdict first', () => {
    const [first, second] = renderReport(report).split('\n');
    expect(first).toBe('12 values had drifted, 11 repaired');
    expect(second).toBe('1 value was not repaired; the samples say why.');
  });

  test('has a line a table and one for all, and only the kinds that occur', () => {
    expect(rowsOf(renderReport(report))).toEqual([
      ['table', 'compared', 'stale', 'orphan', 'drift', 'repaired', 'undecided'],
      ['shop.products', '400,000', '9', '0', '9', '9', '0'],
      ['shop.brands', '400,000', '0', '3', '3', '2', '0'],
      ['all', '400,000', '9', '3', '12', '11', '1'],
    ]);
  });

  test('shows both values of a sample, what became of it, and what the topic tells', () => {
    const text = renderReport(report);
    expect(text).toContain(
      [
        '  1. Stale: app:product:7:stock',
        '     shop.products {"id":7}, differs: stock',
        '     Redis held   5',
        '     MySQL holds  3',
        '     Repaired: deleted from the cache',
        '     Late fill. The cache holds what the row was before its last event.',
        '       2026-03-01 11:59:58 UTC  update stock (partition 3, offset 9007199254740993)',
      ].join('\n'),
    );
    expect(text).toContain('2. Orphan: app:brand:4, field name');
    expect(text).toContain('MySQL holds  (no row)');
  });

  test('tells of coverage, unexplained keys, the undecided, the skipped, and of waiting', () => {
    const text = renderReport(report);
    for (const line of [
      '1 of 2 templates looked at from both sides',
      'b:{id|sha1} of shop.brands: only values, since a hash hides the id',
      '7 keys under our prefixes that no template explains; left alone',
      'app:product:8: it kept changing',
      'shop.log: no primary key',
      'held back for replica lag 1.2 s, servers that did not answer 1 min 1 s',
      'taken up again 2 times by another process',
    ])
      expect(text).toContain(line);
    expect(renderReport(reportWith())).not.toMatch(/Samples|Wrong mappings|Unexplained|Undecided\n|Skipped/);
  });

  test('cuts what long values have in common, never where they differ', () => {
    const common = 'all the same on both sides, '.repeat(40);
    const samples = [sampleWith({ cached: `${common}OLD`, row: `${common}NEW` })];
    const lines = renderReport({ ...report, samples }).split('\n');
    expect(lines.find((line) => line.includes('Redis held'))).toMatch(/ … .*OLD$/);
    expect(lines.find((line) => line.includes('MySQL holds'))).toMatch(/^.{0,100}NEW$/);
  });

  test('lets no text of others drive the terminal or begin a line', () => {
    const hostile = 'x\u001b[2J\u009b31m\r\n\u202eforged line';
    const samples = [
      sampleWith({ key: hostile, field: hostile, cached: hostile, row: hostile, differs: hostile }),
    ];
    const tables = [tableWith({ table: hostile })];
    const text = renderReport({
      ...report,
      name: hostile,
      reason: hostile,
      status: 'failed',
      samples,
      tables,
    });
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(text).not.toMatch(/^\s*forged/m);
    const listed = renderReportList([summaryOf({ ...report, id: hostile })]);
    expect(listed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe('the list of drift reports', () => {
  test('has a line a report: when, how it was begun, how it ended, what drifted', () => {
    const stopped = reportWith({ id: 'r2', scope: 'recent', trigger: 'command', status: 'stopped' });
    const rows = rowsOf(renderReportList([report, stopped].map(summaryOf)));
    expect(rows.slice(1)).toEqual([
      ['r1', '2026-03-01 12:00:00 UTC', 'full, by the schedule', 'finished', '9 stale', '11', '1', '400,000'],
      ['', '', '', '', '3 orphan', '', '', ''],
      ['r2', '2026-03-01 12:00:00 UTC', 'recent, by command', 'stopped', 'none', '0', '0', '400,000'],
    ]);
  });
});

describe('the words of unstale report', () => {
  /** Resolves to the configuration file that was asked for. */
  async function parsed(...words: string[]): Promise<string> {
    const program = new Command('unstale').exitOverride().configureOutput({ writeErr: () => undefined });
    addReportCommand(program, (path) => Promise.reject(new Error(`loads ${path}`)));
    return program.parseAsync(['report', ...words], { from: 'user' }).then(
      () => 'nothing',
      (error: unknown) => (error as Error).message,
    );
  }

  test('without one of its own it lists', async () => {
    expect(await parsed('-c', 'x.yaml', '--json', '--limit', '3')).toBe('loads x.yaml');
    expect(await parsed()).toBe('loads unstale.yaml');
  });

  test('show and html take an id or none', async () => {
    expect(await parsed('show', 'r1', '-c', 'x.yaml', '--json')).toBe('loads x.yaml');
    expect(await parsed('html', '-o', 'out.html')).toBe('loads unstale.yaml');
    expect(await parsed('show', 'r1', 'r2')).toContain('too many arguments');
  });

  test('a limit that is no number of reports is refused', async () => {
    for (const limit of ['0', '-1', '2.5', 'all'])
      expect(await parsed('list', '--limit', limit)).toContain('whole number');
  });
});
