/**
 * Where keys wait that could not be deleted. In: failed targets. Out: durable jobs, which the worker takes up.
 * Guarantee 2: `add` resolves only when the queue's Redis has acknowledged all of them; else the offset must wait.
 */
import type { FailedTarget } from '../domain/failed-target.js';
import { UnstaleError } from '../errors.js';
import { type Backoff, backoffDelayMs } from './backoff.js';
import { type RetryJob, makeJobs } from './job.js';

export interface RetryQueueOptions {
  readonly addJobs: (jobs: readonly { data: RetryJob; delayMs: number }[]) => Promise<void>;
  readonly stats: () => Promise<QueueStats>;
  /** In jobs, each of up to 200 targets. */
  readonly depthMax: number;
  readonly backoff: Backoff;
  readonly nowMs: () => number;
  readonly random: () => number;
}

export interface QueueStats {
  /** Jobs in the queue, in whatever state. */
  readonly depth: number;
  /** How long the oldest due job has been waiting; 0 when none is due. */
  readonly oldestOverdueMs: number;
}

export interface RetryQueue {
  /**
   * Resolves when all targets are durable.
   * @throws UnstaleError QUEUE_FULL at depthMax, QUEUE_UNREACHABLE when the queue did not acknowledge in time; some
   * targets may be queued all the same, which is harmless
   */
  add(failed: readonly FailedTarget[], stage: string): Promise<void>;
  depth(): Promise<number>;
  oldestOverdueMs(): Promise<number>;
}

/** A depth this old is read anew; until then our own additions are counted on top. */
const DEPTH_MAX_AGE_MS = 1_000;

export function createRetryQueue({
  addJobs,
  stats,
  depthMax,
  backoff,
  nowMs,
  random,
}: RetryQueueOptions): RetryQueue {
  let known: { depth: number; atMs: number } | undefined;
  const currentDepth = async (): Promise<number> => {
    if (known === undefined || nowMs() - known.atMs >= DEPTH_MAX_AGE_MS) {
      const { depth } = await stats();
      known = { depth, atMs: nowMs() };
    }
    return known.depth;
  };
  return {
    async add(failed, stage) {
      if (failed.length === 0) return;
      const jobs = makeJobs(failed, stage, nowMs());
      const depth = await currentDepth();
      if (depth + jobs.length > depthMax) throw queueFull(depth, depthMax);
      if (known !== undefined) known.depth += jobs.length; // counted before it is sent, since others add meanwhile
      await addJobs(jobs.map((data) => ({ data, delayMs: backoffDelayMs(1, backoff, random) })));
    },
    depth: currentDepth,
    async oldestOverdueMs() {
      return (await stats()).oldestOverdueMs;
    },
  };
}

function queueFull(depth: number, depthMax: number): UnstaleError {
  return new UnstaleError(
    'QUEUE_FULL',
    `The retry queue holds ${depth} jobs, and retry.depthMax is ${depthMax}. ` +
      'The offset waits until the worker has caught up: see why deletes fail, or raise retry.depthMax.',
  );
}
