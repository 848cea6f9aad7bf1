import { Chalk } from 'chalk';
import { describe, expect, test } from 'vitest';
import { renderLine, renderView } from '../../../infra/demo/view/render.js';
import type { ViewState } from '../../../infra/demo/view/state.js';
import { sparkline } from '../../../infra/demo/view/text.js';

const plain = new Chalk({ level: 0 });

const empty: ViewState = {
  phase: 'without',
  secondsLeft: 6,
  changes: 0,
  changesRate: 0,
  lookUpsRate: 0,
  hitShare: 0,
  deleted: 0,
  deletedRate: 0,
  removed: 0,
  latency: undefined,
  staleNow: 0,
  cached: 0,
  history: [],
  retries: 0,
  retriesWaiting: 0,
  notes: [],
};

const full: ViewState = {
  phase: 'with',
  secondsLeft: 86_400,
  changes: 123_456_789,
  changesRate: 12_345.6,
  lookUpsRate: 45_678.9,
  hitShare: 0.987,
  deleted: 1_234_567_890,
  deletedRate: 123_456,
  removed: 123_456_789,
  latency: { probes: 600, p50Ms: 1.84, p99Ms: 12_345.6 },
  staleNow: 12,
  cached: 34_567,
  history: Array.from({ length: 500 }, (_, n) => ({ stale: n % 9, phase: 'with' })),
  retries: 1_234_567,
  retriesWaiting: 12_345,
  notes: Array.from({ length: 9 }, (_, n) => ({ atSeconds: n * 1000, text: `note ${n}` })),
};

describe('renderView', () => {
  test('has as many lines whatever there is to show, and leaves a row of 24 for the cursor', () => {
    const heights = [empty, full, { ...full, phase: 'ending' as const }].map(
      (state) => renderView(state, plain).length,
    );
    expect(new Set(heights).size).toBe(1);
    expect(heights[0]).toBeLessThanOrEqual(23);
  });

  test('fits 80 columns', () => {
    for (const state of [empty, full]) {
      for (const line of renderView(state, plain)) expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  test('shows the newest notes and the newest seconds', () => {
    const text = renderView(full, plain).join('\n');
    expect(text).toContain('note 8');
    expect(text).not.toContain('note 3');
    expect(text).toContain(sparkline(full.history.slice(-60).map(({ stale }) => stale)).join(''));
  });

  test('says nothing of time left where only Ctrl-C ends the phase', () => {
    expect(renderView({ ...full, secondsLeft: undefined }, plain).join('\n')).not.toContain('s left');
  });
});

describe('renderLine', () => {
  test('holds the same figures in one line', () => {
    expect(renderLine(full)).toBe(
      '[with unstale, 86400 s left]  changes 12,346/s  deleted 123,456/s  p50 1.8 ms p99 12345.6 ms  ' +
        'stale 12 of 34,567  retries 1,234,567',
    );
  });
});

describe('sparkline', () => {
  test('the highest is a full bar, the lowest above zero a thin one, zero a dot', () => {
    expect(sparkline([0, 1, 400, 800]).join('')).toBe('·▁▄█');
  });

  test('nothing but zeros is all dots', () => {
    expect(sparkline([0, 0]).join('')).toBe('··');
  });
});
