import { describe, expect, test } from 'vitest';
import type {
  LatencyRun,
  LimitRun,
  Measurements,
  ReconcilePass,
  ReconcileRun,
  TailRun,
} from '../../bench/measurements.js';
import { disturbedParts, type Figure, figuresOf, medianOf, missedAny } from '../../bench/results.js';

const none: Measurements = { tail: [], limit: [], pipeline: [], latency: [], reconcile: [] };

const tailRun = (rowsPerSecond: number): TailRun => ({
  rowsPerSecond,
  startUpSeconds: 0.5,
  wallSeconds: 4,
  rows: 300_000,
  cpuSeconds: 6,
  peakRssBytes: 200_000_000,
  keyBytes: 13,
  valueBytes: 450,
  othersShare: 0,
});

const limitRun = (decodeRowsPerSecond: number, produceMessagesPerSecond: number): LimitRun => ({
  decodeRowsPerSecond,
  produceMessagesPerSecond,
  produceBytes: 463,
  unlinkKeysPerSecond: 1_000_000,
  othersShare: 0,
});

const figuresOfLoad = {
  changes: 15_000,
  changesPerSecond: 999,
  p50Ms: 2,
  p99Ms: 10,
  maxMs: 30,
  missing: 0,
  beforeCommitReturned: 0,
};

const latencyRun = (changed: Partial<LatencyRun> = {}): LatencyRun => ({
  ...figuresOfLoad,
  wantedChangesPerSecond: 1000,
  floor: figuresOfLoad,
  unstale: { cpuSeconds: 8, peakRssBytes: 150_000_000 },
  othersShare: 0,
  ...changed,
});

const find = (figures: readonly Figure[], name: string): Figure => {
  const found = figures.find((figure) => figure.name === name);
  if (found === undefined) throw new Error(`There is no figure "${name}".`);
  return found;
};

describe('figures of the tail', () => {
  test('the drain is held against the slower of the two libraries', () => {
    const faster = figuresOf({ ...none, tail: [tailRun(84_000)], limit: [limitRun(240_000, 120_000)] });
    expect(find(faster, 'binlog -> Kafka acknowledged')).toMatchObject({
      limit: { name: 'kafkajs alone', value: 120_000 },
      ratio: 0.7,
      verdict: 'pass',
    });
    const slower = figuresOf({ ...none, tail: [tailRun(84_000)], limit: [limitRun(100_000, 120_000)] });
    expect(find(slower, 'binlog -> Kafka acknowledged').limit?.name).toBe('zongji alone');
  });

  test('a share below 0.7 is missed', () => {
    const figures = figuresOf({ ...none, tail: [tailRun(83_000)], limit: [limitRun(240_000, 120_000)] });
    expect(find(figures, 'binlog -> Kafka acknowledged').verdict).toBe('missed');
    expect(missedAny(figures)).toBe(true);
  });

  test('2.5 times Debezium passes, less is missed', () => {
    const verdictAt = (rowsPerSecond: number): string =>
      find(figuresOf({ ...none, tail: [tailRun(rowsPerSecond)] }), 'the same, against Debezium').verdict;
    expect(verdictAt(80_265)).toBe('pass');
    expect(verdictAt(80_264)).toBe('missed');
  });

  test('not to be ahead of the fastest peer misses nothing', () => {
    const slower = figuresOf({ ...none, tail: [tailRun(90_000)], limit: [limitRun(240_000, 100_000)] });
    expect(find(slower, 'the same, against the fastest peer').verdict).toBe('fact');
    expect(missedAny(slower)).toBe(false);
    const ahead = figuresOf({ ...none, tail: [tailRun(170_000)] });
    expect(find(ahead, 'the same, against the fastest peer').verdict).toBe('aspired');
  });

  test('a drain without the limits it must be held against is missed, not passed over', () => {
    const figures = figuresOf({ ...none, tail: [tailRun(1_000_000)] });
    expect(find(figures, 'binlog -> Kafka acknowledged').verdict).toBe('missed');
  });

  test('several runs are judged by their median and shown with their range', () => {
    const tail = [tailRun(100_000), tailRun(70_000), tailRun(90_000)];
    const figures = figuresOf({ ...none, tail, limit: [limitRun(240_000, 120_000)] });
    expect(find(figures, 'binlog -> Kafka acknowledged')).toMatchObject({
      value: { median: 90_000, min: 70_000, max: 100_000 },
      ratio: 0.75,
    });
  });
});

describe('figures of the latency', () => {
  const verdicts = (changed: Partial<LatencyRun>): Record<string, string> =>
    Object.fromEntries(
      figuresOf({ ...none, latency: [latencyRun(changed)] }).map(({ name, verdict }) => [name, verdict]),
    );

  test.each([
    ['commit -> keys deleted, p50', { p50Ms: 3 }, 'pass'],
    ['commit -> keys deleted, p50', { p50Ms: 3.001 }, 'missed'],
    ['commit -> keys deleted, p50', { p50Ms: 1.5 }, 'aspired'],
    ['commit -> keys deleted, p99', { p99Ms: 15.1 }, 'missed'],
    ['commit -> keys deleted, p99', { p99Ms: 5 }, 'aspired'],
  ])('%s with %o: %s', (name, changed, verdict) => {
    expect(verdicts(changed)[name]).toBe(verdict);
  });

  test('one key that was never deleted is a miss', () => {
    expect(verdicts({ missing: 1 })['keys not deleted']).toBe('missed');
  });

  test('a load lower than asked for is a miss, since it flatters', () => {
    expect(verdicts({ changesPerSecond: 940 }).load).toBe('missed');
  });
});

describe('the pipeline', () => {
  test('is held against the tail of the same run', () => {
    const part = { cpuSeconds: 4, peakRssBytes: 1e8 };
    const pipeline = [{ rowsPerSecond: 40_000, keysPerRow: 2, tail: part, consumers: part, othersShare: 0 }];
    const figures = figuresOf({ ...none, tail: [tailRun(100_000)], pipeline });
    expect(find(figures, 'binlog -> deleted, 2 keys a row')).toMatchObject({ ratio: 0.4, verdict: 'missed' });
  });
});

const pass = (rows: number, peakMegabytes: number, rowsPerSecond = 300_000): ReconcilePass => ({
  rows,
  rowsPerSecond,
  keysPerSecond: 150_000,
  wallSeconds: 10,
  cpuSeconds: 8,
  peakRssBytes: peakMegabytes * 1e6,
});

const reconcileRun = (passes: readonly ReconcilePass[], loopRowsPerSecond = 5000): ReconcileRun => ({
  loopRowsPerSecond,
  passes,
  othersShare: 0,
});

describe('reconcile', () => {
  test.each([
    [499_999, 'pass'],
    [500_000, 'aspired'],
    [199_999, 'missed'],
  ])('%d rows a second over the largest table: %s', (rowsPerSecond, verdict) => {
    const passes = [pass(100_000, 100, 1_000_000), pass(1_000_000, 100, rowsPerSecond)];
    const figures = figuresOf({ ...none, reconcile: [reconcileRun(passes)] });
    expect(find(figures, 'database -> cache').verdict).toBe(verdict);
  });

  test('50 times the loop of the same run passes, less is missed', () => {
    const verdictAt = (rowsPerSecond: number): string =>
      find(
        figuresOf({ ...none, reconcile: [reconcileRun([pass(1_000_000, 100, rowsPerSecond)], 6000)] }),
        'the same, against a plain loop',
      ).verdict;
    expect(verdictAt(300_000)).toBe('pass');
    expect(verdictAt(299_999)).toBe('missed');
  });

  test('memory may grow by a quarter from each table to the next larger one', () => {
    const passes = [pass(100_000, 100), pass(1_000_000, 125), pass(10_000_000, 157)];
    const figures = figuresOf({ ...none, reconcile: [reconcileRun(passes)] });
    expect(find(figures, 'peak memory, 100,000 rows').verdict).toBe('fact');
    expect(find(figures, 'peak memory, 1,000,000 rows')).toMatchObject({ ratio: 1.25, verdict: 'pass' });
    expect(find(figures, 'peak memory, 10,000,000 rows')).toMatchObject({
      limit: { name: '1,000,000 rows', value: 125 },
      verdict: 'missed',
    });
  });
});

test('one run in which others took over 15 % of the CPUs makes its part untrustworthy', () => {
  const tail = [tailRun(90_000), { ...tailRun(60_000), othersShare: 0.16 }];
  const limit = [{ ...limitRun(240_000, 120_000), othersShare: 0.15 }];
  expect(disturbedParts({ ...none, tail, limit })).toEqual(['tail']);
});

test('parts that did not run have no figures', () => {
  expect(figuresOf(none)).toEqual([]);
});

test('the median of an even number of values lies between the two in the middle', () => {
  expect(medianOf([4, 1, 3, 2])).toBe(2.5);
  expect(medianOf([])).toBeNaN();
});
