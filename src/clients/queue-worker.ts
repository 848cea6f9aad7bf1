/** BullMQ's worker: takes jobs, gives them to a function, and does with each what that function says. */
import { DelayedError, type Job, type JobJson, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import { backoffDelayMs } from '../retry/backoff.js';
import type { JobOutcome } from '../retry/worker.js';

export interface QueueWorkerOptions {
  /** Jobs at a time. */
  readonly concurrency?: number;
  readonly process: (data: unknown) => Promise<JobOutcome>;
}

interface WorkerPlace {
  readonly url: string;
  readonly where: string;
  readonly queueName: string;
  readonly prefix: string;
  readonly log: Logger;
}

const STOP_MAX_MS = 4_000;
/** The blocking fetch asks anew every 5 s, so that a socket silent for longer is dead. */
const SOCKET_TIMEOUT_MS = 15_000;
const RECONNECT_MAX_MS = 1_000;
/** How long a job stays with a process that died; found within twice that time more. */
const LOCK_MS = 10_000;
/** Only for jobs whose outcome could not be written, when the queue's Redis is in trouble. */
const UNWRITTEN_BACKOFF = { backoffMs: 1_000, maxBackoffMs: 60_000, jitter: 0.5 };

/** A job whose data is no JSON would stay active for ever, since BullMQ cannot even hand it out. */
class TolerantWorker extends Worker<unknown> {
  protected override createJob(json: JobJson, jobId: string): Job<unknown> {
    try {
      return super.createJob(json, jobId);
    } catch {
      // The processor refuses this data, and buries it as it was found.
      return super.createJob({ ...json, data: JSON.stringify({ notJson: json.data }) }, jobId);
    }
  }
}

/**
 * BullMQ disconnects and then waits for `end`, which ioredis 6.0.0 does not emit when it is just waiting to reconnect:
 * a stop while Redis is away would never finish. In the state `wait` it does emit it.
 */
function withSureEnd(redis: Redis): Redis {
  const disconnect = redis.disconnect.bind(redis);
  const duplicate = redis.duplicate.bind(redis);
  return Object.assign(redis, {
    disconnect(reconnect = false) {
      if (!reconnect && redis.status === 'reconnecting') redis.status = 'wait';
      disconnect(reconnect);
    },
    duplicate: (override?: Partial<RedisOptions>) => withSureEnd(duplicate({ ...override })),
  });
}

/** Comes back by itself whenever Redis does. stop() returns within 5 s; jobs that it had to leave come again. */
export function startQueueWorker(
  { url, where, queueName, prefix, log }: WorkerPlace,
  { process, concurrency = 8 }: QueueWorkerOptions,
): { stop(): Promise<void> } {
  let stopping: Promise<void> | undefined;
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    // BullMQ's second connection is a copy of this one, and would try to reconnect for ever after a stop.
    retryStrategy: (attempt) =>
      stopping === undefined ? Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS) : null,
  });
  const redis = withSureEnd(client);
  const worker = new TolerantWorker(queueName, (job, token) => processJob(job, token, process), {
    connection: redis,
    prefix,
    concurrency,
    // A job that stalls (its process died) must come again, always, and never count as failed.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    removeOnComplete: { count: 0 },
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS,
    settings: {
      backoffStrategy: (attemptsMade) => backoffDelayMs(attemptsMade, UNWRITTEN_BACKOFF, Math.random),
    },
  });
  logErrors(worker, redis, where, log);
  return {
    stop() {
      stopping ??= stopWorker(worker, redis, log);
      return stopping;
    },
  };
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

function logErrors(worker: Worker<unknown>, redis: Redis, where: string, log: Logger): void {
  let lastError = '';
  worker.on('error', (error) => {
    const text = messageOf(error);
    if (text !== lastError)
      log.warn({ err: error }, `the retry worker has trouble with its queue at ${where}`);
    lastError = text;
  });
  worker.on('failed', (job, error) => {
    log.warn({ err: error, job: job?.id }, "a retry job's outcome could not be written; it comes again");
  });
  redis.on('ready', () => {
    if (lastError !== '') log.info(`the retry worker has its queue at ${where} again`);
    lastError = '';
  });
}

/** BullMQ's own close waits for Redis; where that does not answer, the connections are cut. */
async function stopWorker(worker: Worker<unknown>, redis: Redis, log: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, STOP_MAX_MS, 'late');
  });
  const closing = worker.close().catch((error: unknown) => {
    log.warn({ err: error }, 'the retry worker did not close cleanly');
  });
  if ((await Promise.race([closing, late])) === 'late') {
    log.warn('the retry worker did not finish in time; its jobs come again later');
    worker.disconnect().catch((error: unknown) => {
      log.debug({ err: error }, "cutting the retry worker's connections");
    });
  }
  clearTimeout(timer);
  redis.disconnect();
}
