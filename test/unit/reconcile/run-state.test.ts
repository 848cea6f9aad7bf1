import { describe, expect, test, vi } from 'vitest';
import { reportOf } from '../../../src/reconcile/report-of.js';
import { reportSchema } from '../../../src/reconcile/report.js';
import { createTeller } from '../../../src/reconcile/run-progress.js';
import {
  type RunPlace,
  type RunState,
  orderSchema,
  placeSchema,
  runStateSchema,
} from '../../../src/reconcile/run-state.js';
import { createStateKeeper } from '../../../src/reconcile/state-keeper.js';
import { recordOf } from '../../../src/reconcile/suspect.js';
import { tallyOf, totals } from '../../../src/reconcile/tally.js';
import { sampleWith } from '../../support/reports.js';
import { checkOf, runWith, stockKey, suspectAt } from './support.js';

const check = checkOf(stockKey);
const suspects = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => suspectAt(check, `p:${from + index}`, [from + index]));

/** A run in the middle of its work. */
function busyRun(): RunState {
  const state = runWith();
  state.place = { phase: 'keys', done: ['a'], node: 'b', cursor: '17' };
  Object.assign(state.tally, {
    rows: 1_000,
    keys: 300,
    compared: 200,
    unexplained: 2,
    rowsMs: 500,
    keysMs: 100,
  });
  Object.assign(tallyOf(state.tally, 'shop.products'), {
    rows: 1_000,
    compared: 200,
    absent: 800,
    keys: 250,
  });
  tallyOf(state.tally, 'shop.products').drift.stale = 3;
  tallyOf(state.tally, 'shop.products').repaired = 2;
  Object.assign(tallyOf(state.tally, 'shop.brands'), { undecided: 4, repaired: 1 });
  tallyOf(state.tally, 'shop.brands').drift.orphan = 1;
  state.likeness['shop.products#p:{id}'] = { compared: 200, ways: { 'column stock': 3 } };
  state.waitedMs = { rate: 1.5, replicaLag: 0, redisLatency: 20.2, outage: 500 };
  state.samples.push(sampleWith());
  state.unexplainedSamples.push('p:x');
  state.undecidedSamples.push({ key: 'p:8', why: 'it kept changing' });
  state.skipped.push({ what: 'shop.x', why: 'it has no key' });
  state.pending.push(...suspects(1).map(recordOf));
  state.undecided.push(...suspects(1, 8).map(recordOf));
  return state;
}

describe("a run's state", () => {
  test.each([
    ['new', runWith()],
    ['busy', busyRun()],
  ])('is the same after it was written and read: a %s run', (_what, state) => {
    expect(runStateSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  test.each<RunPlace>([
    { phase: 'rows', table: 'shop.products' },
    { phase: 'rows', table: 'shop.products', after: '[7]' },
    { phase: 'keys', done: [], node: '', cursor: '0' },
    { phase: 'end' },
  ])('has a place: %j', (place) => {
    expect(placeSchema.parse(JSON.parse(JSON.stringify(place)))).toEqual(place);
  });

  test('is not mistaken for an order, nor an order for a state', () => {
    expect(orderSchema.safeParse(busyRun()).success).toBe(false);
    expect(runStateSchema.safeParse(busyRun().order).success).toBe(false);
  });
});

describe('the report of a run', () => {
  const report = () =>
    reportOf(
      busyRun(),
      { name: 'shop', coverage: [], nowMs: Date.parse('2026-03-01T12:00:04.2Z') },
      { status: 'stopped', reason: 'a limit' },
    );

  test('is what its schema says', () => {
    expect(reportSchema.parse(JSON.parse(JSON.stringify(report())))).toEqual(report());
  });

  test('adds the tables up, and tells times and rates', () => {
    expect(report()).toMatchObject({
      status: 'stopped',
      reason: 'a limit',
      startedAt: '2026-03-01T12:00:00.000Z',
      endedAt: '2026-03-01T12:00:04.200Z',
      durationMs: 4_200,
      rowsPerSecond: 2_000,
      keysPerSecond: 3_000,
      waitedMs: { rate: 2, replicaLag: 0, redisLatency: 20, outage: 500 },
      drift: { stale: 3, orphan: 1, missing: 0 },
      repaired: 3,
      undecided: 4,
      unexplained: { keys: 2, samples: ['p:x'] },
    });
    expect(report().tables.map(({ table }) => table)).toEqual(['shop.products', 'shop.brands']);
  });

  test('of a run that read nothing has rates of 0, and no time that runs backwards', () => {
    const { rowsPerSecond, keysPerSecond, durationMs } = reportOf(
      runWith(),
      { name: 'shop', coverage: [], nowMs: 0 },
      { status: 'finished', reason: '' },
    );
    expect([rowsPerSecond, keysPerSecond, durationMs]).toEqual([0, 0, 0]);
  });
});

test('the totals of no table are nothing', () => {
  const { drift, repaired, undecided } = totals(runWith().tally);
  expect([new Set(Object.values(drift)), repaired, undecided]).toEqual([new Set([0]), 0, 0]);
});

describe('keeping the state', () => {
  function keeper(pending = suspects(2)) {
    let nowMs = 0;
    const state = runWith();
    const saved: RunState[] = [];
    const save = vi.fn((given: RunState) => {
      saved.push(structuredClone(given));
      return Promise.resolve();
    });
    const keeping = createStateKeeper({
      state,
      confirmations: { pending: () => pending },
      save,
      nowMs: () => nowMs,
    });
    const pass = (ms: number): void => {
      nowMs += ms;
    };
    return { state, saved, save, keeping, pass };
  }

  test('it is written at most once a second', async () => {
    const { saved, keeping, pass } = keeper();
    for (let page = 0; page < 35; page += 1) {
      pass(100);
      await keeping.saveSometimes();
    }
    expect(saved).toHaveLength(3);
  });

  test('it is written at once when a run is handed over', async () => {
    const { saved, keeping } = keeper();
    await keeping.saveNow();
    await keeping.saveNow();
    expect(saved).toHaveLength(2);
  });

  test('what is not concluded yet goes with it, and what was not even looked at', async () => {
    const { state, saved, keeping } = keeper();
    state.pending = suspects(1, 7).map(recordOf);
    await keeping.saveNow();
    expect(saved[0]?.pending.map(({ key }) => key)).toEqual(['p:7', 'p:0', 'p:1']);
    expect(keeping.pending()).toEqual(saved[0]?.pending);
    expect(state.pending).toHaveLength(1);
  });

  test('100,000 of them at most, the oldest first', async () => {
    const { saved, keeping } = keeper(suspects(100_010));
    await keeping.saveNow();
    expect(saved[0]?.pending).toHaveLength(100_000);
    expect(saved[0]?.pending[0]?.key).toBe('p:0');
  });

  test('a failure to write it is told', async () => {
    const { save, keeping } = keeper();
    save.mockRejectedValue(new Error('away'));
    await expect(keeping.saveNow()).rejects.toThrow('away');
  });
});

describe('progress', () => {
  test('joins what a pass tells of itself with what the state has counted, and remembers it', () => {
    const progress = vi.fn();
    const tell = createTeller(busyRun(), { pending: () => suspects(2) }, progress);
    tell({ phase: 'rows', rowsTotal: 5_000 });
    tell({ phase: 'rows', table: 'shop.products' });
    expect(progress).toHaveBeenLastCalledWith({
      phase: 'rows',
      table: 'shop.products',
      rows: 1_000,
      rowsTotal: 5_000,
      keys: 300,
      keysTotal: 0,
      suspects: 2,
      drifted: 4,
    });
    tell({ phase: 'keys', keysTotal: 400 });
    expect(progress).toHaveBeenLastCalledWith(
      expect.objectContaining({ phase: 'keys', rowsTotal: 5_000, keysTotal: 400 }),
    );
  });
});
