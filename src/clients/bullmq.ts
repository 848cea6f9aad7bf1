/**
 * What our queues share of BullMQ: a way to ask a queue that never waits long for a Redis that is away, and workers that
 * can always be stopped, whatever Redis does.
 */
import { type Job, type JobJson, type Processor, Queue, Worker, type WorkerOptions } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import { within } from './within.js';

export interface QueuePlace {
  readonly url: string;
  /** The same without passwords. */
  readonly where: string;
  readonly queueName: string;
  /** For messages, such as "the retry queue". */
  readonly what: string;
  readonly log: Logger;
}

export interface QueueAccess {
  readonly redis: Redis;
  /** Fails at once without a connection, else within the time-out. @throws UnstaleError QUEUE_UNREACHABLE */
  ask<T>(what: string, question: (queue: Queue) => Promise<T>): Promise<T>;
  /** Waits for a connection up to the time-out; whether there is one, the next question tells. */
  untilReady(): Promise<void>;
  close(): void;
}

/** Braces keep all of a queue's keys in one slot of a cluster. */
const PREFIX = '{unstale}';
const RECONNECT_MAX_MS = 1_000;
const STOP_MAX_MS = 4_000;
/** The blocking fetch asks anew every 5 s, so that a socket silent for longer is dead. */
const SOCKET_TIMEOUT_MS = 15_000;

export function openQueueAccess({
  timeoutMs,
  ...place
}: QueuePlace & { readonly timeoutMs: number }): QueueAccess {
  const redis = connectProducer(place, timeoutMs);
  const openQueue = createOpener(redis, place.queueName);
  return {
    redis,
    async ask(what, question) {
      try {
        if (redis.status !== 'ready') throw new Error('there is no connection');
        return await within(timeoutMs, openQueue().then(question));
      } catch (error) {
        if (error instanceof UnstaleError) throw error;
        const message = `${what} failed: the queue's Redis at ${place.where} does not do its work: ${messageOf(error)}.`;
        throw new UnstaleError('QUEUE_UNREACHABLE', message, { cause: error });
      }
    },
    untilReady: () => untilReady(redis, timeoutMs),
    close() {
      redis.disconnect(); // nothing is pending that anybody waits for
    },
  };
}

function connectProducer({ url, where, what, log }: QueuePlace, timeoutMs: number): Redis {
  const redis = new Redis(url, {
    commandTimeout: timeoutMs,
    connectTimeout: 3_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS),
  });
  let lastError = '';
  redis.on('error', (error: unknown) => {
    const text = messageOf(error);
    if (text !== lastError) log.warn({ err: error }, `${what} at ${where} does not answer`);
    lastError = text;
  });
  redis.on('ready', () => {
    lastError = '';
    log.info(`connected to ${what} at ${where}`);
  });
  return redis;
}

/** BullMQ's Queue is of no use for ever if its first command fails; then the next call makes a new one. */
function createOpener(redis: Redis, queueName: string): () => Promise<Queue> {
  let opening: Promise<Queue> | undefined;
  const open = async (): Promise<Queue> => {
    const queue = new Queue(queueName, {
      connection: redis,
      prefix: PREFIX,
      streams: { events: { maxLen: 100 } }, // nobody reads them
    });
    // The connection's own listener logs them.
    queue.on('error', () => undefined);
    await queue.waitUntilReady();
    return queue;
  };
  return () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}

async function untilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      redis.off('ready', finish);
      resolve();
    };
    const timer = setTimeout(finish, timeoutMs);
    redis.on('ready', finish);
  });
}

/** A job's data, or the text of it if that is no JSON. */
export type JobData<Data> = Data | { readonly notJson: string };

/** A job whose data is no JSON would stay active for ever, since BullMQ cannot even hand it out. */
class TolerantWorker<Data, Result> extends Worker<JobData<Data>, Result> {
  protected override createJob(json: JobJson, jobId: string): Job<JobData<Data>, Result> {
    try {
      return super.createJob(json, jobId);
    } catch {
      // The processor refuses this data, and tells what was found.
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

export interface StoppableWorker<Data, Result> {
  readonly worker: Worker<JobData<Data>, Result>;
  /** Returns within 5 s, and may be called twice. Jobs that had to be left come again. */
  stop(): Promise<void>;
}

/** Comes back by itself whenever Redis does. */
export function openWorker<Data, Result>(
  place: QueuePlace,
  processor: Processor<JobData<Data>, Result>,
  options: Omit<WorkerOptions, 'connection' | 'prefix' | 'maxStalledCount'>,
): StoppableWorker<Data, Result> {
  let stopping: Promise<void> | undefined;
  const client = new Redis(place.url, {
    maxRetriesPerRequest: null,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: 10_000,
    // BullMQ's second connection is a copy of this one, and would try to reconnect for ever after a stop.
    retryStrategy: (attempt) =>
      stopping === undefined ? Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS) : null,
  });
  const redis = withSureEnd(client);
  const worker = new TolerantWorker<Data, Result>(place.queueName, processor, {
    ...options,
    connection: redis,
    prefix: PREFIX,
    // A job that stalls (its process died) must come again, always, and never count as failed.
    maxStalledCount: Number.MAX_SAFE_INTEGER,
  });
  logErrors(worker, redis, place);
  return {
    worker,
    stop() {
      stopping ??= stopWorker(worker, redis, place);
      return stopping;
    },
  };
}

function logErrors(worker: Pick<Worker, 'on'>, redis: Redis, { what, where, log }: QueuePlace): void {
  let lastError = '';
  worker.on('error', (error) => {
    const text = messageOf(error);
    if (text !== lastError) log.warn({ err: error }, `the worker has trouble with ${what} at ${where}`);
    lastError = text;
  });
  redis.on('ready', () => {
    if (lastError !== '') log.info(`the worker has ${what} at ${where} again`);
    lastError = '';
  });
}

/** BullMQ's own close waits for Redis; where that does not answer, the connections are cut. */
async function stopWorker(
  worker: Pick<Worker, 'close' | 'disconnect'>,
  redis: Redis,
  { what, log }: QueuePlace,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, STOP_MAX_MS, 'late');
  });
  const closing = worker.close().catch((error: unknown) => {
    log.warn({ err: error }, `the worker of ${what} did not close cleanly`);
  });
  if ((await Promise.race([closing, late])) === 'late') {
    log.warn(`the worker of ${what} did not finish in time; its jobs come again later`);
    worker.disconnect().catch((error: unknown) => {
      log.debug({ err: error }, `cutting the connections to ${what}`);
    });
  }
  clearTimeout(timer);
  redis.disconnect();
}
