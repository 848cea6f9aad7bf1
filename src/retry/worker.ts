/**
 * In: jobs of keys that could not be deleted. Out: keys deleted, or dead letters once the attempts are used up.
 * Holds guarantee 2: a job ends only when each of its keys was deleted or Kafka has acknowledged its dead letter.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheKey, Target } from '../domain/cache-key.js';
import type { FailedTarget } from '../domain/failed-target.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Alert } from '../ops/alerts.js';
import type { StageHealth } from '../ops/health.js';
import type { Logger } from '../ops/logger.js';
import { type Backoff, backoffDelayMs } from './backoff.js';
import { type Attempt, type DeadJob, decide, splitTargets, unreadable } from './decide.js';
import { type RetryJob, parseJob } from './job.js';
import type { QueueStats } from './queue.js';
import { createReporter } from './reporter.js';

/** What is to become of a job: it is done, or comes again. Without data it comes again as it is. */
export type JobOutcome = 'done' | { readonly data?: object; readonly delayMs: number };

export interface RetryWorkerOptions {
  /** Takes jobs from the queue until stopped; stopping waits for the jobs in hand, for a bounded time. */
  readonly startJobs: (process: (data: unknown) => Promise<JobOutcome>) => { stop(): Promise<void> };
  readonly stats: () => Promise<QueueStats>;
  /** The one deletion path. Rejects with a fate of `retry` when the cache is away: that counts no attempt. */
  readonly deleteTargets: (targets: readonly Target[]) => Promise<readonly FailedTarget[]>;
  /** Whether a template of the mapping could have made this key (guarantee 6). */
  readonly isOurs: (key: string) => key is CacheKey;
  /** Resolves when Kafka has acknowledged it. */
  readonly deadLetter: (dead: DeadJob) => Promise<void>;
  readonly attemptsMax: number;
  readonly backoff: Backoff;
  readonly alert: (alert: Alert) => void;
  readonly observe: RetryObserver;
  readonly health: StageHealth;
  readonly log: Logger;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly statsEveryMs?: number;
}

export interface RetryObserver {
  attempt(): void;
  deadLetter(reason: DeadJob['reason']): void;
  stats(stats: QueueStats): void;
}

export interface RetryWorker {
  /** Finishes the jobs in hand, for a bounded time; those that it had to leave come again later. */
  stop(): Promise<void>;
}

/** While the cache is away each job is held this long, so that the queue is not turned over at full speed. */
const UNREACHABLE_HOLD_MS = 1_000;

export function createRetryWorker(options: RetryWorkerOptions): RetryWorker {
  const reporter = createReporter(options);
  const stopped = new AbortController();
  const jobs = options.startJobs(createProcess(options, reporter, stopped.signal));
  const watch = startStatsWatch(options);
  let stopping: Promise<void> | undefined;
  return {
    stop() {
      stopping ??= (async () => {
        watch.stop();
        stopped.abort();
        await jobs.stop();
        reporter.stop();
      })();
      return stopping;
    },
  };
}

function createProcess(
  options: RetryWorkerOptions,
  reporter: { report(dead: DeadJob): void },
  stopped: AbortSignal,
): (data: unknown) => Promise<JobOutcome> {
  const { backoff, deadLetter, observe, health, log, nowMs, random } = options;

  /** Resolves to true once the dead letter is safe. Only then people are told. */
  const bury = async (dead: DeadJob): Promise<boolean> => {
    health.waiting('for Kafka to take a dead letter');
    try {
      await deadLetter(dead);
    } catch (error) {
      health.waiting(`dead letters cannot be written: ${messageOf(error)}`);
      log.error(
        { err: error, keys: dead.targets.length },
        'a dead letter could not be written; its job stays queued',
      );
      return false;
    }
    observe.deadLetter(dead.reason);
    reporter.report(dead);
    return true;
  };

  const work = async (job: RetryJob): Promise<JobOutcome> => {
    const { ours, foreign } = splitTargets(job, options.isOurs);
    if (foreign.length > 0) {
      const text = 'The retry job holds keys that no template of the mapping makes.';
      const safe = await bury(unreadable({ ...job, targets: foreign }, text, nowMs()));
      if (!safe) return { delayMs: backoff.maxBackoffMs };
    }
    health.waiting(`deleting ${ours.length} keys again`);
    const attempt = await tryToDelete(ours, options);
    if (attempt.kind === 'unreachable') await hold(stopped);
    else observe.attempt();
    const decision = decide({ ...job, targets: ours }, attempt, options, nowMs(), random);
    if (decision.do === 'bury' && !(await bury(decision.dead))) {
      return { data: decision.job, delayMs: backoffDelayMs(decision.job.attempts, backoff, random) };
    }
    if (decision.do === 'again') health.waiting(`keys cannot be deleted: ${decision.job.error}`);
    else health.progress();
    return decision.do === 'again' ? { data: decision.job, delayMs: decision.delayMs } : 'done';
  };

  return async (data) => {
    let job: RetryJob;
    try {
      job = parseJob(data);
    } catch (error) {
      const safe = await bury(unreadable(data, messageOf(error), nowMs()));
      if (safe) health.progress();
      return safe ? 'done' : { delayMs: backoff.maxBackoffMs };
    }
    return work(job);
  };
}

/** An error that is no outage counts as a failed attempt of all targets, so that a bug ends in dead letters. */
async function tryToDelete(
  targets: readonly Target[],
  { deleteTargets, log }: RetryWorkerOptions,
): Promise<Attempt> {
  if (targets.length === 0) return { kind: 'tried', failed: [] };
  try {
    return { kind: 'tried', failed: await deleteTargets(targets) };
  } catch (error) {
    const text = messageOf(error);
    if (error instanceof UnstaleError && error.fate === 'retry') return { kind: 'unreachable', error: text };
    log.error({ err: error }, 'deleting failed in a way that nobody expected');
    return { kind: 'tried', failed: targets.map((target) => ({ target, error: text })) };
  }
}

async function hold(stopped: AbortSignal): Promise<void> {
  await sleep(UNREACHABLE_HOLD_MS, undefined, { signal: stopped }).catch(() => undefined); // rejects only at stop()
}

/** Depth and age go to the metrics, and an unreachable or stuck queue to readiness (guarantee 10). */
function startStatsWatch({ stats, observe, health, statsEveryMs = 5_000 }: RetryWorkerOptions): {
  stop(): void;
} {
  let idle = true;
  const look = async (): Promise<void> => {
    try {
      const found = await stats();
      observe.stats(found);
      if (found.depth === 0) health.ready();
      else if (found.oldestOverdueMs > 0)
        health.waiting(`the oldest of ${found.depth} jobs is ${found.oldestOverdueMs} ms overdue`);
    } catch (error) {
      health.waiting(messageOf(error));
    }
  };
  const tick = (): void => {
    if (!idle) return;
    idle = false;
    void look().finally(() => {
      idle = true;
    });
  };
  tick();
  const timer = setInterval(tick, statsEveryMs);
  return {
    stop() {
      clearInterval(timer);
    },
  };
}
