/** BullMQ's worker for reconcile runs: one at a time, each until it is done, cancelled, or left to another process. */
import { DelayedError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../ops/logger.js';

/** A run in hand. Its data is the order, or what was saved of it. */
export interface RunJob {
  readonly id: string;
  readonly data: unknown;
  /** Resolves when it is durable. */
  save(data: object): Promise<void>;
  progress(progress: object): void;
  /** Aborted when somebody cancels the run, or when the process stops. */
  readonly signal: AbortSignal;
}

/** `again`: another process is to go on with it. */
export type RunOutcome = { readonly reportId: string } | 'again';

/** How long a run stays with a process that died; found within that time once more. */
const LOCK_MS = 10_000;
const CANCEL_LOOK_MS = 500;

export interface RunWorkerOptions {
  readonly queueName: string;
  readonly prefix: string;
  readonly redis: Redis;
  readonly work: (job: RunJob) => Promise<RunOutcome>;
  readonly isCancelled: (id: string) => Promise<boolean>;
  readonly log: Logger;
}

/** The reason with which a worker's own stop aborts the run in hand. */
export class Stopping extends Error {}
/** The reason with which a run is aborted that somebody cancelled. */
export class CancelRequested extends Error {}

export function startRunWorker({ queueName, prefix, redis, work, isCancelled, log }: RunWorkerOptions): {
  stop(): Promise<void>;
} {
  const stopping = new AbortController();
  const worker = new Worker<object, string>(
    queueName,
    async (job, token) => {
      const cancelling = new AbortController();
      const timer = watchCancel(() => isCancelled(String(job.id)), cancelling);
      try {
        const outcome = await work({
          id: String(job.id),
          data: job.data,
          save: (data) => job.updateData(data),
          progress: (progress) => void job.updateProgress(progress).catch(() => undefined), // the next one tells
          signal: AbortSignal.any([stopping.signal, cancelling.signal]),
        });
        if (outcome !== 'again') return outcome.reportId;
        await job.moveToDelayed(Date.now() + 100, token);
        throw new DelayedError(); // tells BullMQ that the job was moved by us
      } finally {
        clearInterval(timer);
      }
    },
    {
      connection: redis,
      prefix,
      concurrency: 1,
      maxStalledCount: Number.MAX_SAFE_INTEGER, // a process that died must not end the run
      lockDuration: LOCK_MS,
      stalledInterval: LOCK_MS,
    },
  );
  worker.on('error', (error) => {
    log.debug({ err: error }, 'the reconcile worker has trouble with its queue');
  });
  worker.on('failed', (_job, error) => {
    log.error({ err: error }, 'a reconcile run ended without a report');
  });
  let stopped: Promise<void> | undefined;
  return {
    stop() {
      stopped ??= (async () => {
        stopping.abort(new Stopping('the process stops'));
        await worker.close().catch(() => undefined);
        redis.disconnect();
      })();
      return stopped;
    },
  };
}

function watchCancel(isCancelled: () => Promise<boolean>, cancelling: AbortController): NodeJS.Timeout {
  return setInterval(() => {
    isCancelled().then(
      (cancelled) => {
        if (cancelled) cancelling.abort(new CancelRequested('it was cancelled'));
      },
      () => undefined, // asked again soon
    );
  }, CANCEL_LOOK_MS);
}
