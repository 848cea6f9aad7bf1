import { describe, expect, test } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import { UnstaleError } from '../../../src/errors.js';
import { createRetryQueue } from '../../../src/retry/queue.js';

const backoff = { backoffMs: 100, maxBackoffMs: 1_000, jitter: 0 };
const failed = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ target: { key: `k${index}` as CacheKey }, error: 'x' }));

function queueWithDepth(depth: number, depthMax: number) {
  const state = { nowMs: 0, reads: 0, depth, added: [] as { delayMs: number; targets: number }[] };
  const queue = createRetryQueue({
    addJobs: (jobs) => {
      state.added.push(...jobs.map(({ data, delayMs }) => ({ delayMs, targets: data.targets.length })));
      return Promise.resolve();
    },
    stats: () => {
      state.reads += 1;
      return Promise.resolve({ depth: state.depth, oldestOverdueMs: 0 });
    },
    depthMax,
    backoff,
    nowMs: () => state.nowMs,
    random: () => 0,
  });
  return { state, queue };
}

describe('The retry queue', () => {
  test('adds jobs of 200 targets, due after the first backoff', async () => {
    const { state, queue } = queueWithDepth(0, 100);
    await queue.add(failed(250), 'invalidate');
    expect(state.added).toEqual([
      { delayMs: 100, targets: 200 },
      { delayMs: 100, targets: 50 },
    ]);
  });

  test('asks for nothing when nothing failed', async () => {
    const { state, queue } = queueWithDepth(0, 1);
    await queue.add([], 'invalidate');
    expect(state.reads).toBe(0);
  });

  test('reads its depth once a second at most, and counts its own jobs meanwhile', async () => {
    const { state, queue } = queueWithDepth(7, 10);
    for (let count = 0; count < 3; count += 1) await queue.add(failed(1), 'invalidate');
    await expect(queue.add(failed(1), 'invalidate')).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      fate: 'retry',
    });
    expect(state).toMatchObject({ reads: 1, added: { length: 3 } });
    state.nowMs = 1_000;
    state.depth = 0;
    await queue.add(failed(1), 'invalidate');
    expect(state.reads).toBe(2);
  });

  test('passes on that Redis did not acknowledge', async () => {
    const queue = createRetryQueue({
      addJobs: () => Promise.reject(new UnstaleError('QUEUE_UNREACHABLE', 'hung')),
      stats: () => Promise.resolve({ depth: 0, oldestOverdueMs: 0 }),
      depthMax: 10,
      backoff,
      nowMs: () => 0,
      random: () => 0,
    });
    await expect(queue.add(failed(1), 'invalidate')).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
  });
});
