import { describe, expect, test } from 'vitest';
import { createProgressDisplay, textOf } from '../../../src/cli/reconcile-progress.js';
import type { RunProgress } from '../../../src/reconcile/run-progress.js';

const progress = (fields: Partial<RunProgress> = {}): RunProgress => ({
  phase: 'rows',
  table: 'shop.products',
  rows: 20_000,
  rowsTotal: 100_000,
  keys: 0,
  keysTotal: 0,
  suspects: 0,
  drifted: 0,
  ...fields,
});

describe('the text of progress', () => {
  test.each<[string, Partial<RunProgress>, number, string]>([
    ['rows', {}, 10_000, 'shop.products · 20,000 rows · 2,000/s · 40 s left · 0 drifted'],
    [
      'keys',
      { phase: 'keys', rows: 100_000, keys: 50_000, keysTotal: 80_000, suspects: 7, drifted: 1_234 },
      10_000,
      'keys · 100,000 rows · 50,000 keys · 15,000/s · 2 s left · 7 looked into · 1,234 drifted',
    ],
    ['no table yet', { table: '', rows: 0 }, 1_000, 'rows · 0 rows · 0/s · 0 drifted'],
    ['no time yet', {}, 0, 'shop.products · 20,000 rows · 0/s · 0 drifted'],
    [
      'more than was estimated',
      { rowsTotal: 10_000 },
      1_000,
      'shop.products · 20,000 rows · 20,000/s · 0 s left · 0 drifted',
    ],
    [
      'differences, for which no time can be told',
      { phase: 'confirming', suspects: 3 },
      10_000,
      'looking into differences · 20,000 rows · 2,000/s · 3 looked into · 0 drifted',
    ],
    [
      'what changed lately',
      { phase: 'recent', rows: 0, rowsTotal: 0 },
      1_000,
      'what changed lately · 0 rows · 0/s · 0 drifted',
    ],
  ])('%s', (_what, fields, elapsedMs, text) => {
    expect(textOf(progress(fields), elapsedMs)).toBe(text);
  });
});

describe('where there is no terminal', () => {
  function display() {
    let nowMs = 0;
    const lines: string[] = [];
    const stream = {
      isTTY: false,
      write: (text: string) => lines.push(text),
    } as unknown as NodeJS.WriteStream;
    const shown = createProgressDisplay({ stream, nowMs: () => nowMs });
    const pass = (ms: number): void => {
      nowMs += ms;
    };
    return { lines, shown, pass };
  }

  test('a line comes every few seconds, with the share that is done', () => {
    const { lines, shown, pass } = display();
    for (let tick = 0; tick < 100; tick += 1) {
      pass(100);
      shown.show(progress());
    }
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe('20 % · shop.products · 20,000 rows · 6,667/s · 12 s left · 0 drifted\n');
  });

  test('nothing to do is not done yet, and more than all is all', () => {
    const { lines, shown, pass } = display();
    pass(3_000);
    shown.show(progress({ rows: 0, rowsTotal: 0 }));
    pass(3_000);
    shown.show(progress({ rows: 200, rowsTotal: 100 }));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['0', '100']);
  });

  test('a wait for another run is told', () => {
    const { lines, shown, pass } = display();
    pass(3_000);
    shown.waiting();
    shown.end();
    expect(lines).toEqual(['waits for another run to end\n']);
  });
});
