import { z } from 'zod';
import type { FailedTarget } from '../domain/failed-target.js';
import { UnstaleError } from '../errors.js';

/** What lies in the queue: targets that failed together. Keys are plain strings until they are checked again. */
export interface RetryJob {
  readonly v: 1;
  readonly targets: readonly JobTarget[];
  /** The stage whose delete failed. */
  readonly stage: string;
  readonly firstFailedAtMs: number;
  /** Attempts by the worker so far; the stage's own is not counted. */
  readonly attempts: number;
  /** The last error. */
  readonly error: string;
}

export interface JobTarget {
  readonly key: string;
  readonly field?: string | undefined;
}

const TARGETS_MAX = 200;
/** A job's keys must fit into one dead-letter message of at most 1 MB, with JSON's escapes. */
const JOB_CHARACTERS_MAX = 100_000;
const ERROR_CHARACTERS_MAX = 1_000;

const jobSchema = z.object({
  v: z.literal(1),
  targets: z.array(z.object({ key: z.string(), field: z.string().optional() })).min(1),
  stage: z.string(),
  firstFailedAtMs: z.number(),
  attempts: z.int().min(0),
  error: z.string(),
});

/** Splits into jobs of at most 200 targets. */
export function makeJobs(failed: readonly FailedTarget[], stage: string, nowMs: number): RetryJob[] {
  const jobs: RetryJob[] = [];
  let targets: JobTarget[] = [];
  let characters = 0;
  let firstError = '';
  const finish = (): void => {
    if (targets.length > 0)
      jobs.push({ v: 1, targets, stage, firstFailedAtMs: nowMs, attempts: 0, error: firstError });
    targets = [];
    characters = 0;
  };
  for (const { target, error } of failed) {
    const size = target.key.length + (target.field?.length ?? 0);
    if (targets.length === TARGETS_MAX || characters + size > JOB_CHARACTERS_MAX) finish();
    if (targets.length === 0) firstError = shortError(error);
    targets.push(target);
    characters += size;
  }
  finish();
  return jobs;
}

export const shortError = (error: string): string => error.slice(0, ERROR_CHARACTERS_MAX);

/** @throws UnstaleError MESSAGE_UNREADABLE, saying what is wrong with it */
export function parseJob(data: unknown): RetryJob {
  const parsed = jobSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw new UnstaleError('MESSAGE_UNREADABLE', `A retry job cannot be read: ${why}`, { cause: parsed.error });
}
