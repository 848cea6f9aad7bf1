/**
 * The durable retry queue: BullMQ on a Redis of its own.
 *
 * Nothing waits for a Redis that is away: commands fail at once or within the time-out, and hold no memory meanwhile,
 * since what is to be queued lies in Kafka still. The connection comes back by itself.
 */
import type { Job, JobsOptions, Queue } from 'bullmq';
import { redactUrl } from '../config/url.js';
import type { Logger } from '../ops/logger.js';
import { type QueueSafety, judgeQueueRedis } from '../retry/queue-safety.js';
import type { QueueStats } from '../retry/queue.js';
import { type QueueAccess, openQueueAccess } from './bullmq.js';
import { type QueueWorkerOptions, startQueueWorker } from './queue-worker.js';

export interface QueueOptions {
  readonly url: string;
  /** The configuration's `name`; may not hold a colon. */
  readonly name: string;
  readonly log: Logger;
  /** How long a command may take until it counts as failed. */
  readonly timeoutMs?: number;
}

export interface QueueClient {
  /** Resolves when Redis has acknowledged all. @throws UnstaleError QUEUE_UNREACHABLE */
  addJobs(jobs: readonly { data: object; delayMs: number }[]): Promise<void>;
  /** @throws UnstaleError QUEUE_UNREACHABLE */
  stats(): Promise<QueueStats>;
  /**
   * The data of all jobs, of whatever state, some at a time; resolves to false if there were more than `jobsMax`.
   * @throws UnstaleError QUEUE_UNREACHABLE
   */
  eachJob(jobsMax: number, onData: (data: unknown) => void): Promise<boolean>;
  /** Waits up to the time-out for a connection. @throws UnstaleError REDIS_UNSAFE, QUEUE_UNREACHABLE */
  checkSafety(): Promise<QueueSafety>;
  startWorker(options: QueueWorkerOptions): { stop(): Promise<void> };
  /** For whoever adds jobs; workers are stopped by their own stop(), before this. */
  close(): Promise<void>;
}

const SWEEP_EVERY_MS = 60_000;
const JOBS_AT_A_TIME = 500;
const ALL_STATES = ['wait', 'prioritized', 'delayed', 'active', 'waiting-children', 'failed'] as const;

/**
 * No jobId: BullMQ drops a job whose id it knows. Practically endless attempts, since `failed` is a state in which
 * nobody looks after a job; our own limit ends in the dead letters.
 */
const JOB_OPTIONS: JobsOptions = {
  attempts: 1_000_000_000,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: false,
  stackTraceLimit: 1,
};

export function connectQueue({ url, name, log, timeoutMs = 2_000 }: QueueOptions): QueueClient {
  const where = redactUrl(url);
  const place = { url, where, queueName: `unstale-${name}-retry`, what: 'the retry queue', log };
  const { redis, ask, untilReady, close } = openQueueAccess({ ...place, timeoutMs });
  return {
    addJobs: (jobs) =>
      ask(`Queueing ${jobs.length} retry jobs`, async (queue) => {
        const nowMs = Date.now();
        await queue.addBulk(
          jobs.map(({ data, delayMs }) => ({
            name: 'delete',
            data: { ...data, dueAtMs: nowMs + delayMs },
            opts: { ...JOB_OPTIONS, delay: delayMs },
          })),
        );
      }),
    stats: () => ask('Reading the retry queue', (queue) => readStats(queue, redis)),
    eachJob: (jobsMax, onData) =>
      eachJob(jobsMax, onData, (from, to) =>
        ask('Looking through the retry jobs', (queue) => queue.getJobs([...ALL_STATES], from, to)),
      ),
    async checkSafety() {
      await untilReady();
      return judgeQueueRedis(await ask("Checking the queue's settings", () => redis.info()), where);
    },
    startWorker(options) {
      const sweep = startSweep(() => ask('Looking for failed jobs', (queue) => sweepFailed(queue, log)), log);
      const worker = startQueueWorker(place, options);
      return {
        stop() {
          sweep.stop();
          return worker.stop();
        },
      };
    },
    close() {
      close();
      return Promise.resolve();
    },
  };
}

async function eachJob(
  jobsMax: number,
  onData: (data: unknown) => void,
  read: (from: number, to: number) => Promise<Job[]>,
): Promise<boolean> {
  for (let from = 0; from < jobsMax; from += JOBS_AT_A_TIME) {
    const jobs = await read(from, from + JOBS_AT_A_TIME - 1);
    if (jobs.length === 0) return true;
    for (const job of jobs) onData(job.data);
  }
  return false;
}

/** Reads the oldest jobs' own due times, since BullMQ does not keep them, and does not trust what it finds. */
async function readStats(queue: Queue, redis: QueueAccess['redis']): Promise<QueueStats> {
  const [depth, ids] = await Promise.all([
    queue.getJobCountByTypes(...ALL_STATES),
    queue.getRanges(['wait', 'active', 'delayed'], 0, 0, true),
  ]);
  const oldest = await Promise.all(ids.map((id) => redis.hget(queue.toKey(id), 'data')));
  const nowMs = Date.now();
  return { depth, oldestOverdueMs: Math.max(0, ...oldest.map((data) => nowMs - dueAtMsOf(data, nowMs))) };
}

function dueAtMsOf(data: string | null, otherwiseMs: number): number {
  try {
    const parsed: unknown = JSON.parse(data ?? '');
    const dueAtMs =
      typeof parsed === 'object' && parsed !== null && 'dueAtMs' in parsed ? parsed.dueAtMs : undefined;
    return typeof dueAtMs === 'number' ? dueAtMs : otherwiseMs;
  } catch {
    return otherwiseMs; // the worker buries it
  }
}

/** A job in state `failed` would rest there unseen, with keys that nobody deletes. */
async function sweepFailed(queue: Queue, log: Logger): Promise<void> {
  const failed = await queue.getFailedCount();
  if (failed === 0) return;
  log.warn({ failed }, 'retry jobs were found in state failed, and are taken up again');
  await queue.retryJobs({ state: 'failed', count: 1_000 });
}

function startSweep(sweep: () => Promise<void>, log: Logger): { stop(): void } {
  const timer = setInterval(() => {
    sweep().catch((error: unknown) => {
      log.debug({ err: error }, 'failed retry jobs could not be looked for now');
    });
  }, SWEEP_EVERY_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
    },
  };
}
