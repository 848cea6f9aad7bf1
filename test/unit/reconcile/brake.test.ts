import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BrakeOptions, createBrake } from '../../../src/reconcile/brake.js';
import { signal } from './support.js';

vi.mock('node:timers/promises', () => import('../../support/timers-promises.js'));

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

const brakeWith = (options: Partial<BrakeOptions> = {}) =>
  createBrake({
    rowsPerSecondMax: 1_000,
    opsPerSecondMax: 2_000,
    replicaLagMsMax: 10_000,
    redisLatencyMsMax: 50,
    pauseMsMax: 120_000,
    replicaLagMs: () => Promise.resolve(undefined),
    redisLatencyMs: () => Promise.resolve(1),
    nowMs: () => Date.now(),
    ...options,
  });

/** How long it took, in ms. */
async function timeOf(work: () => Promise<void>): Promise<number> {
  const startedMs = Date.now();
  let endedMs = Number.NaN;
  const working = work().then(() => {
    endedMs = Date.now();
  });
  await vi.runAllTimersAsync();
  await working;
  return endedMs - startedMs;
}

describe('the rate', () => {
  test('so many rows a second are read, and not more', async () => {
    const brake = brakeWith();
    const ms = await timeOf(async () => {
      for (let page = 0; page <= 50; page += 1) await brake.rows(100, signal);
    });
    expect(ms).toBeGreaterThanOrEqual(4_900); // the first 100 ms are a burst
    expect(ms).toBeLessThanOrEqual(5_000);
    expect(brake.waitedMs.rate).toBe(ms);
  });

  test('where several pages wait at once, that time counts once', async () => {
    const brake = brakeWith();
    const ms = await timeOf(async () => {
      await Promise.all([1, 2, 3, 4, 5].map(() => brake.rows(100, signal)));
    });
    expect(ms).toBeGreaterThanOrEqual(300);
    expect(brake.waitedMs.rate).toBe(ms);
  });

  test('rows and keys have rates of their own', async () => {
    const brake = brakeWith();
    await timeOf(() => brake.rows(5_000, signal));
    expect(await timeOf(() => brake.ops(10, signal))).toBe(0);
  });

  test('a pause is not made good afterwards', async () => {
    const brake = brakeWith();
    await timeOf(() => brake.rows(100, signal));
    await vi.advanceTimersByTimeAsync(60_000);
    const ms = await timeOf(async () => {
      for (let page = 0; page <= 10; page += 1) await brake.rows(100, signal);
    });
    expect(ms).toBeGreaterThanOrEqual(900);
  });

  test('a page that is larger than the rate is read all the same, and paid for by the next', async () => {
    const brake = brakeWith();
    expect(await timeOf(() => brake.rows(5_000, signal))).toBe(0);
    expect(await timeOf(() => brake.rows(1, signal))).toBeGreaterThanOrEqual(4_900);
  });
});

describe('the servers', () => {
  test('a replica that lags holds the run back until it has caught up', async () => {
    const lags = [20_000, 11_000, 10_000];
    const brake = brakeWith({ replicaLagMs: () => Promise.resolve(lags.shift()) });
    expect(await timeOf(() => brake.rows(1, signal))).toBe(1_000);
    expect(brake.waitedMs).toEqual({ rate: 0, replicaLag: 1_000, redisLatency: 0 });
  });

  test('replication that stands still holds it back, too', async () => {
    const lags = [Number.POSITIVE_INFINITY];
    const brake = brakeWith({ replicaLagMs: () => Promise.resolve(lags.shift()) });
    expect(await timeOf(() => brake.rows(1, signal))).toBe(500);
  });

  test('a Redis that answers slowly holds it back', async () => {
    const latencies = [51, 50];
    const brake = brakeWith({ redisLatencyMs: () => Promise.resolve(latencies.shift() ?? 0) });
    expect(await timeOf(() => brake.ops(1, signal))).toBe(500);
    expect(brake.waitedMs.redisLatency).toBe(500);
  });

  test('a pause that takes too long ends the run with its reason', async () => {
    const brake = brakeWith({ redisLatencyMs: () => Promise.resolve(51), pauseMsMax: 3_000 });
    const failed = expect(brake.rows(1, signal)).rejects.toThrow(
      'It was paused for 3000 ms, and Redis takes longer to answer than reconcile.maxRedisLatency still.',
    );
    await vi.runAllTimersAsync();
    await failed;
  });

  test('they are asked once a second at most while all is well', async () => {
    const redisLatencyMs = vi.fn().mockResolvedValue(1);
    const brake = brakeWith({ redisLatencyMs, rowsPerSecondMax: 1_000_000 });
    for (let page = 0; page < 30; page += 1) {
      await timeOf(() => brake.rows(1, signal));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(redisLatencyMs.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(redisLatencyMs.mock.calls.length).toBeLessThanOrEqual(4);
  });

  test('an abort ends a pause', async () => {
    const aborting = new AbortController();
    const brake = brakeWith({ replicaLagMs: () => Promise.resolve(60_000) });
    const waiting = brake.rows(1, aborting.signal);
    const failed = expect(waiting).rejects.toThrow('aborted');
    await vi.advanceTimersByTimeAsync(3_000);
    aborting.abort();
    await failed;
  });

  test('an error of theirs is not hidden', async () => {
    const brake = brakeWith({ redisLatencyMs: () => Promise.reject(new Error('away')) });
    await expect(brake.rows(1, signal)).rejects.toThrow('away');
  });
});
