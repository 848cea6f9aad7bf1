import type { CacheKey, Target } from '../domain/cache-key.js';
import type { FailedTarget } from '../domain/failed-target.js';
import type { ErrorCode } from '../errors.js';
import { type Backoff, backoffDelayMs } from './backoff.js';
import { type RetryJob, shortError } from './job.js';

/** Keys that are given up, or a job that nobody can read: what the dead-letter topic is to hold. */
export interface DeadJob {
  readonly reason: Extract<ErrorCode, 'RETRIES_EXHAUSTED' | 'MESSAGE_UNREADABLE'>;
  /** Empty where the job could not be read. */
  readonly targets: readonly Target[];
  /** The last error. */
  readonly error: string;
  readonly attempts: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly stage?: string;
  /** What was found in the queue, as JSON, cut to 64 Ki characters; only where it could not be read. */
  readonly original?: string;
}

/** What an attempt came to: some targets still failed, or none was tried, since the cache is away as a whole. */
export type Attempt =
  | { readonly kind: 'tried'; readonly failed: readonly FailedTarget[] }
  | { readonly kind: 'unreachable'; readonly error: string };

export type Decision =
  | { readonly do: 'finish' }
  | { readonly do: 'again'; readonly job: RetryJob; readonly delayMs: number }
  | { readonly do: 'bury'; readonly dead: DeadJob; readonly job: RetryJob };

export interface RetryPolicy {
  readonly attemptsMax: number;
  readonly backoff: Backoff;
}

const ORIGINAL_CHARACTERS_MAX = 65_536;
/** A cache that is away is not tried job by job in quick succession, nor found late when it is back. */
const UNREACHABLE_DELAY_MS = 5_000;

/** What becomes of a job. Nothing leaves it but what was deleted or is to be buried (guarantee 2). */
export function decide(
  job: RetryJob,
  attempt: Attempt,
  { attemptsMax, backoff }: RetryPolicy,
  nowMs: number,
  random: () => number,
): Decision {
  if (attempt.kind === 'unreachable') {
    const delayMs = Math.min(UNREACHABLE_DELAY_MS, backoff.maxBackoffMs);
    return { do: 'again', job: { ...job, error: shortError(attempt.error) }, delayMs };
  }
  const { failed } = attempt;
  const [first] = failed;
  if (first === undefined) return { do: 'finish' };
  const attempts = job.attempts + 1;
  const targets = failed.map(({ target }) => target);
  const rest: RetryJob = { ...job, targets, attempts, error: shortError(first.error) };
  if (attempts < attemptsMax) {
    // The wait before the first attempt was that of attempt 1.
    return { do: 'again', job: rest, delayMs: backoffDelayMs(attempts + 1, backoff, random) };
  }
  const { error, stage, firstFailedAtMs: firstAtMs } = rest;
  const dead = {
    reason: 'RETRIES_EXHAUSTED',
    targets,
    error,
    attempts,
    firstAtMs,
    lastAtMs: nowMs,
    stage,
  } as const;
  return { do: 'bury', dead, job: rest };
}

/** For what lies in the queue and cannot be worked on: written by another version, or by somebody else. */
export function unreadable(data: unknown, error: string, nowMs: number): DeadJob {
  const original = (JSON.stringify(data) as string | undefined) ?? 'undefined';
  return {
    reason: 'MESSAGE_UNREADABLE',
    targets: [],
    error: shortError(error),
    attempts: 0,
    firstAtMs: nowMs,
    lastAtMs: nowMs,
    original: original.slice(0, ORIGINAL_CHARACTERS_MAX),
  };
}

/** Keys are checked again when they come out of the queue: whoever can write to it must not delete what is not ours. */
export function splitTargets(
  job: RetryJob,
  isOurs: (key: string) => key is CacheKey,
): { ours: Target[]; foreign: RetryJob['targets'] } {
  const ours: Target[] = [];
  const foreign: RetryJob['targets'][number][] = [];
  for (const target of job.targets) {
    const { key, field } = target;
    if (!isOurs(key)) foreign.push(target);
    else ours.push(field === undefined ? { key } : { key, field });
  }
  return { ours, foreign };
}
