/**
 * The schedule of reconcile runs: BullMQ on the queue's Redis. One run at a time over all processes; a run whose process
 * died comes again within about 15 s, with the data that it saved last.
 *
 * Every function of it but a worker's: @throws UnstaleError QUEUE_UNREACHABLE, within some seconds.
 */
import { type Job, type Queue, type RepeatOptions, defaultRepeatStrategy } from 'bullmq';
import { redactUrl } from '../config/url.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import { openQueueAccess } from './bullmq.js';
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

export interface ScheduleOptions {
  /** A run that fell due while no process ran is left out; else it is made up for, once. */
  readonly skipMissed: boolean;
}

export type RunView =
  | { readonly state: 'waiting' | 'running'; readonly progress: unknown }
  | { readonly state: 'done'; readonly reportId: string }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'gone' };

export interface ReconcileQueue {
  /**
   * Makes the schedule of this name what it should be. A new one, and one of another interval, begins an interval from
   * now; one that stays as it was goes on with its times. @throws UnstaleError CONFIG_INVALID for a bad cron pattern
   */
  schedule(schedulerId: string, schedule: Schedule, order: object, options: ScheduleOptions): Promise<void>;
  /** @param first before all that wait; the run in progress is not cut short */
  add(order: object, options?: { readonly first?: boolean }): Promise<string>;
  /** Resolves to false where a run of this mark has not ended, or was ordered within the last minute. */
  addOnce(mark: string, order: object): Promise<boolean>;
  view(id: string): Promise<RunView>;
  /** Asks whoever works on it to end it; one that nobody works on is gone at once. */
  cancel(id: string): Promise<void>;
  /** Small things that outlive runs. */
  remember(what: string, value: object): Promise<void>;
  /** Undefined if there is nothing, or nothing that can be read. */
  recall(what: string): Promise<unknown>;
  startWorker(work: (job: RunJob) => Promise<RunOutcome>): { stop(): Promise<void> };
  close(): Promise<void>;
}

const KEEP_ENDED = { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } };
const TIMEOUT_MS = 5_000;
const CANCEL_EXPIRES_S = 3_600;
/** The processes of a deployment start within it. */
const ONCE_WITHIN_MS = 60_000;

export function connectReconcileQueue({ url, name, log }: ReconcileQueueOptions): ReconcileQueue {
  const queueName = `unstale-${name}-reconcile`;
  const place = { url, where: redactUrl(url), queueName, what: 'the reconcile queue', log };
  const access = openQueueAccess({ ...place, timeoutMs: TIMEOUT_MS });
  const { redis } = access;
  const ask = async <T>(what: string, question: (queue: Queue) => Promise<T>): Promise<T> => {
    await access.untilReady();
    return access.ask(what, question);
  };
  const cancelKey = (queue: Queue, id: string): string => `${queue.toKey('cancel')}:${id}`;
  const memoryKey = (queue: Queue, what: string): string => queue.toKey(`memory:${what}`);
  return {
    schedule: (schedulerId, schedule, order, options) =>
      ask('Scheduling reconcile runs', (queue) => setSchedule(queue, schedulerId, schedule, order, options)),
    add: (order, { first = false } = {}) =>
      ask('Ordering a reconcile run', (queue) => addRun(queue, order, { lifo: first })),
    addOnce: (mark, order) =>
      ask('Ordering a reconcile run', async (queue) => {
        const lately = queue.toKey(`lately:${mark}`);
        if ((await redis.exists(lately)) === 1) return false;
        const before = await queue.getDeduplicationJobId(mark);
        const id = await addRun(queue, order, { deduplication: { id: mark } });
        const isFirst = (await redis.set(lately, '1', 'PX', ONCE_WITHIN_MS, 'NX')) === 'OK';
        return isFirst && id !== before;
      }),
    view: (id) => ask('Looking at a reconcile run', (queue) => viewOf(queue, id)),
    cancel: (id) =>
      ask('Cancelling a reconcile run', async (queue) => {
        await redis.set(cancelKey(queue, id), '1', 'EX', CANCEL_EXPIRES_S);
        const job: Job | undefined = await queue.getJob(id);
        // It may have begun meanwhile, and then whoever works on it sees the mark.
        if (job !== undefined && (await job.getState()) !== 'active')
          await job.remove().catch(() => undefined);
      }),
    remember: (what, value) =>
      ask('Remembering what was left', async (queue) => {
        await redis.set(memoryKey(queue, what), JSON.stringify(value));
      }),
    recall: (what) =>
      ask('Recalling what was left', async (queue) => parsed(await redis.get(memoryKey(queue, what)))),
    startWorker: (work) =>
      startRunWorker({
        place,
        work,
        isCancelled: (id) =>
          access.ask('Looking for a cancellation', async (queue) => {
            return (await redis.exists(cancelKey(queue, id))) === 1;
          }),
      }),
    close() {
      access.close();
      return Promise.resolve();
    },
  };
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined; // what was left is found again by looking at everything
  }
}

async function setSchedule(
  queue: Queue,
  schedulerId: string,
  schedule: Schedule,
  order: object,
  { skipMissed }: ScheduleOptions,
): Promise<void> {
  await oneAtATime(queue);
  if (schedule.kind === 'never') {
    await dropSchedule(queue, schedulerId);
    return;
  }
  const repeat = repeatOf(schedule, Date.now());
  const known = await queue.getJobScheduler(schedulerId);
  const hasMissed = known?.next !== undefined && known.next <= Date.now();
  if (skipMissed && hasMissed) await dropSchedule(queue, schedulerId);
  await queue.upsertJobScheduler(schedulerId, repeat, { name: schedulerId, data: order, opts: KEEP_ENDED });
}

/**
 * BullMQ begins a new interval at once, unless it is told by how much it lies off whole intervals since 1970; and where
 * it is not told, it goes on with the offset of another interval.
 */
function repeatOf(schedule: Exclude<Schedule, { readonly kind: 'never' }>, nowMs: number): RepeatOptions {
  if (schedule.kind === 'every')
    return { every: schedule.everyMs, offset: Math.max(1, nowMs % schedule.everyMs) };
  const repeat = { pattern: schedule.pattern, tz: 'UTC' };
  try {
    void defaultRepeatStrategy(nowMs, repeat); // throws as it would when BullMQ uses it
  } catch (error) {
    const message = `reconcile.cron: "${schedule.pattern}" is no cron expression: ${messageOf(error)}.`;
    throw new UnstaleError('CONFIG_INVALID', message, { cause: error });
  }
  return repeat;
}

/** Its next run goes with it, even if it waits for another run to end. One that has begun goes on. */
async function dropSchedule(queue: Queue, schedulerId: string): Promise<void> {
  const known = await queue.getJobScheduler(schedulerId);
  await queue.removeJobScheduler(schedulerId);
  if (known?.next === undefined) return;
  const job: Job | undefined = await queue.getJob(`repeat:${schedulerId}:${known.next}`);
  const state = await job?.getState();
  if (state === 'waiting' || state === 'delayed') await job?.remove().catch(() => undefined); // it has just begun
}

const oneAtATime = (queue: Queue): Promise<unknown> => queue.setGlobalConcurrency(1);

async function addRun(
  queue: Queue,
  order: object,
  options: { readonly lifo?: boolean; readonly deduplication?: { readonly id: string } },
): Promise<string> {
  await oneAtATime(queue);
  const job = await queue.add('run', order, { ...KEEP_ENDED, ...options });
  return String(job.id);
}

async function viewOf(queue: Queue, id: string): Promise<RunView> {
  const state = await queue.getJobState(id); // first, so that what it ended with is there when it has ended
  const job: Job | undefined = await queue.getJob(id);
  if (job === undefined) return { state: 'gone' };
  if (state === 'completed') return { state: 'done', reportId: String(job.returnvalue) };
  if (state === 'failed') return { state: 'failed', reason: job.failedReason };
  return { state: state === 'active' ? 'running' : 'waiting', progress: job.progress };
}
