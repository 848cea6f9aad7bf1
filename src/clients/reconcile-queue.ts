/**
 * The schedule of reconcile runs: BullMQ on the queue's Redis. One run at a time over all processes; a run whose process
 * died comes again within about 20 s, with the data that it saved last.
 */
import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { redactUrl } from '../config/url.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import { type RunJob, type RunOutcome, startRunWorker } from './reconcile-worker.js';

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
const KEEP_ENDED = { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } };
const RECONNECT_MAX_MS = 1_000;
const CANCEL_EXPIRES_S = 3_600;
const SOCKET_TIMEOUT_MS = 15_000;

export function connectReconcileQueue({ url, name, log }: ReconcileQueueOptions): ReconcileQueue {
  const where = redactUrl(url);
  const queueName = `unstale-${name}-reconcile`;
  const connect = (): Redis => connectPatiently(url, where, log);
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
      ask('Scheduling reconcile runs', () => setSchedule(queue, schedulerId, schedule, order)),
    add: (order, options) => ask('Ordering a reconcile run', () => addRun(queue, order, options)),
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
        prefix: PREFIX,
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

/** Waits for a Redis that is away: nothing of this is urgent, and a run goes on afterwards. */
function connectPatiently(url: string, where: string, log: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS),
  });
  redis.on('error', (error: unknown) => {
    log.debug({ err: error }, `the reconcile queue at ${where} does not answer`);
  });
  return redis;
}

async function setSchedule(
  queue: Queue,
  schedulerId: string,
  schedule: Schedule,
  order: object,
): Promise<void> {
  await queue.setGlobalConcurrency(1);
  if (schedule.kind === 'never') {
    await queue.removeJobScheduler(schedulerId);
    return;
  }
  const repeat =
    schedule.kind === 'every' ? { every: schedule.everyMs } : { pattern: schedule.pattern, tz: 'UTC' };
  await queue.upsertJobScheduler(schedulerId, repeat, { name: schedulerId, data: order, opts: KEEP_ENDED });
}

async function addRun(
  queue: Queue,
  order: object,
  { once, first = false }: { readonly once?: string; readonly first?: boolean } = {},
): Promise<string> {
  await queue.setGlobalConcurrency(1);
  const deduplication = once === undefined ? {} : { deduplication: { id: once } };
  const job = await queue.add('run', order, { ...KEEP_ENDED, lifo: first, ...deduplication });
  return String(job.id);
}

async function viewOf(job: Job | undefined): Promise<RunView> {
  if (job === undefined) return { state: 'gone' };
  const state = await job.getState();
  if (state === 'completed') return { state: 'done', reportId: String(job.returnvalue) };
  if (state === 'failed') return { state: 'failed', reason: job.failedReason };
  return { state: state === 'active' ? 'running' : 'waiting', progress: job.progress };
}
