/**
 * The schedule of reconcile runs: BullMQ on the queue's Redis. One run at a time over all processes; a run whose process
 * died comes again within about 20 s, with the data that it saved last.
 */
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { redactUrl } from '../config/url.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';

export interface ReconcileQueueOptions {
  readonly url: string;
  /** The configuration's `name`. */
  readonly name: string;
  readonly log: Logger;
}

/** When runs of one kind begin by themselves. */
export type Schedule =
  | { readonly kind: 'every'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly pattern: string }
  | { readonly kind: 'never' };

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

export type RunView =
  | { readonly state: 'waiting' | 'running'; readonly progress: unknown }
  | { readonly state: 'done'; readonly reportId: string }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'gone' };

export interface ReconcileQueue {
  /** Makes the schedule of this name what it should be. @throws UnstaleError QUEUE_UNREACHABLE */
  schedule(schedulerId: string, schedule: Schedule, order: object): Promise<void>;
  /** @param once dropped while another with that mark has not ended @throws UnstaleError QUEUE_UNREACHABLE */
  add(order: object, options?: { readonly once?: string; readonly first?: boolean }): Promise<string>;
  view(id: string): Promise<RunView>;
  /** Asks whoever works on it to end it. */
  cancel(id: string): Promise<void>;
  /** Small things that outlive runs. */
  remember(what: string, value: object): Promise<void>;
  recall(what: string): Promise<unknown>;
  startWorker(work: (job: RunJob) => Promise<RunOutcome>): { stop(): Promise<void> };
  close(): Promise<void>;
}

const PREFIX = '{unstale}';
/** How long a run stays with a process that died; found within that time once more. */
const LOCK_MS = 10_000;
const CANCEL_LOOK_MS = 500;
const KEEP_ENDED = { count: 20 };
const CANCEL_EXPIRES_S = 3_600;
const SOCKET_TIMEOUT_MS = 15_000;

export function connectReconcileQueue({ url, name, log }: ReconcileQueueOptions): ReconcileQueue {
  const where = redactUrl(url);
  const queueName = `unstale-${name}-reconcile`;
  const connect = (): Redis => {
    const redis = new Redis(url, {
      maxRetriesPerRequest: null,
      socketTimeout: SOCKET_TIMEOUT_MS,
      keepAlive: 10_000,
      retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
    });
    redis.on('error', (error: unknown) => {
      log.debug({ err: error }, `the reconcile queue at ${where} does not answer`);
    });
    return redis;
  };
  const redis = connect();
  const queue = new Queue(queueName, {
    connection: redis,
    prefix: PREFIX,
    streams: { events: { maxLen: 100 } },
  });
  queue.on('error', () => undefined); // the connection's own listener logs them
  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      return await question();
    } catch (error) {
      const message = `${what} failed: the queue's Redis at ${where} does not do its work: ${messageOf(error)}.`;
      throw new UnstaleError('QUEUE_UNREACHABLE', message, { cause: error });
    }
  };
  const cancelKey = (id: string): string => `${queue.toKey('cancel')}:${id}`;
  const memoryKey = (what: string): string => queue.toKey(`memory:${what}`);
  return {
    schedule: (schedulerId, schedule, order) =>
      ask('Scheduling reconcile runs', async () => {
        await queue.setGlobalConcurrency(1);
        if (schedule.kind === 'never') {
          await queue.removeJobScheduler(schedulerId);
          return;
        }
        const repeat =
          schedule.kind === 'every' ? { every: schedule.everyMs } : { pattern: schedule.pattern, tz: 'UTC' };
        const opts = { removeOnComplete: KEEP_ENDED, removeOnFail: KEEP_ENDED };
        await queue.upsertJobScheduler(schedulerId, repeat, { name: schedulerId, data: order, opts });
      }),
    add: (order, { once, first = false } = {}) =>
      ask('Ordering a reconcile run', async () => {
        await queue.setGlobalConcurrency(1);
        const job = await queue.add('run', order, {
          removeOnComplete: KEEP_ENDED,
          removeOnFail: KEEP_ENDED,
          lifo: first,
          ...(once === undefined ? {} : { deduplication: { id: once } }),
        });
        return String(job.id);
      }),
    view: (id) => ask('Looking at a reconcile run', async () => viewOf(await queue.getJob(id))),
    cancel: (id) =>
      ask('Cancelling a reconcile run', async () => {
        await redis.set(cancelKey(id), '1', 'EX', CANCEL_EXPIRES_S);
        const job: Job | undefined = await queue.getJob(id);
        if (job !== undefined && (await job.getState()) !== 'active') await job.remove();
      }),
    remember: (what, value) =>
      ask('Remembering what was left', async () => {
        await redis.set(memoryKey(what), JSON.stringify(value));
      }),
    recall: (what) =>
      ask('Recalling what was left', async () => {
        const text = await redis.get(memoryKey(what));
        return text === null ? undefined : (JSON.parse(text) as unknown);
      }),
    startWorker: (work) =>
      startRunWorker({
        queueName,
        redis: connect(),
        work,
        log,
        isCancelled: async (id) => (await redis.exists(cancelKey(id))) === 1,
      }),
    async close() {
      redis.disconnect();
      await queue.close().catch(() => undefined); // nothing is pending that anybody waits for
    },
  };
}

async function viewOf(job: Job | undefined): Promise<RunView> {
  if (job === undefined) return { state: 'gone' };
  const state = await job.getState();
  if (state === 'completed') return { state: 'done', reportId: String(job.returnvalue) };
  if (state === 'failed') return { state: 'failed', reason: job.failedReason };
  return { state: state === 'active' ? 'running' : 'waiting', progress: job.progress };
}

interface RunWorkerOptions {
  readonly queueName: string;
  readonly redis: Redis;
  readonly work: (job: RunJob) => Promise<RunOutcome>;
  readonly isCancelled: (id: string) => Promise<boolean>;
  readonly log: Logger;
}

/** The reason with which a worker's own stop aborts the run in hand. */
export class Stopping extends Error {}
/** The reason with which a run is aborted that somebody cancelled. */
export class CancelRequested extends Error {}

function startRunWorker({ queueName, redis, work, isCancelled, log }: RunWorkerOptions): {
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
      prefix: PREFIX,
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
