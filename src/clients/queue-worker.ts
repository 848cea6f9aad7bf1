/** The retry queue's worker: takes jobs, gives them to a function, and does with each what that function says. */
import { DelayedError, type Job } from 'bullmq';
import { backoffDelayMs } from '../retry/backoff.js';
import type { JobOutcome } from '../retry/worker.js';
import { type QueuePlace, openWorker } from './bullmq.js';

export interface QueueWorkerOptions {
  /** Jobs at a time. */
  readonly concurrency?: number;
  readonly process: (data: unknown) => Promise<JobOutcome>;
}

/** How long a job stays with a process that died; found within twice that time more. */
const LOCK_MS = 10_000;
/** Only for jobs whose outcome could not be written, when the queue's Redis is in trouble. */
const UNWRITTEN_BACKOFF = { backoffMs: 1_000, maxBackoffMs: 60_000, jitter: 0.5 };

/** Comes back by itself whenever Redis does. stop() returns within 5 s; jobs that it had to leave come again. */
export function startQueueWorker(
  place: QueuePlace,
  { process, concurrency = 8 }: QueueWorkerOptions,
): { stop(): Promise<void> } {
  const { worker, stop } = openWorker<unknown, unknown>(
    place,
    (job, token) => processJob(job, token, process),
    {
      concurrency,
      removeOnComplete: { count: 0 },
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS,
      settings: {
        backoffStrategy: (attemptsMade) => backoffDelayMs(attemptsMade, UNWRITTEN_BACKOFF, Math.random),
      },
    },
  );
  worker.on('failed', (job, error) => {
    place.log.warn(
      { err: error, job: job?.id },
      "a retry job's outcome could not be written; it comes again",
    );
  });
  return { stop };
}

async function processJob(
  job: Job<unknown>,
  token: string | undefined,
  process: QueueWorkerOptions['process'],
): Promise<void> {
  const outcome = await process(job.data);
  if (outcome === 'done') return;
  const dueAtMs = Date.now() + outcome.delayMs;
  // A crash between the two only brings the job back early, with the targets that are left.
  if (outcome.data !== undefined) await job.updateData({ ...outcome.data, dueAtMs });
  await job.moveToDelayed(dueAtMs, token);
  throw new DelayedError(); // tells BullMQ that the job was moved by us
}
