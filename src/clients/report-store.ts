/**
 * In: finished reports. Out: the newest of them, and a short list. They live in the queue's Redis, since that one
 * forgets nothing and is there anyway; each change is one script, so that nobody ever sees half a report.
 *
 * As in `queue.ts`, nothing waits for a Redis that is away longer than the time-out.
 */
import { Redis } from 'ioredis';
import { z } from 'zod';
import { redactUrl } from '../config/url.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import { type ReportSummary, reportSummarySchema, summaryOf } from '../reconcile/report-summary.js';
import { type Report, reportSchema } from '../reconcile/report.js';

export interface ReportStoreOptions {
  /** The queue's Redis. */
  readonly url: string;
  /** The configuration's `name`; each has reports of its own. */
  readonly name: string;
  readonly log: Logger;
  /** How long a command may take, and how long a connection is waited for. */
  readonly timeoutMs?: number;
}

/** All may throw UnstaleError QUEUE_UNREACHABLE. */
export interface ReportStore {
  /** Stores it and removes all but the newest `keep`, at once. Saving the same report again changes nothing. */
  save(report: Report, keep: number): Promise<void>;
  /** Newest first; without a limit all that are kept. Damaged entries are left out, with a warning. */
  list(limit?: number): Promise<ReportSummary[]>;
  /** Undefined if there is none of that id. @throws Error if it is damaged */
  get(id: string): Promise<Report | undefined>;
  /** The newest. @throws Error if it is damaged */
  latest(): Promise<Report | undefined>;
  close(): Promise<void>;
}

/** KEYS: index, summaries, documents. ARGV: id, time, summary, document, keep. One by one, since unpack is limited. */
const SAVE = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[4])
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], ARGV[5], -1)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
end`;

/** KEYS: index, a hash. ARGV: the last rank. Ids and what the hash holds of them ('' if nothing), newest first. */
const NEWEST = `
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[1], 0, ARGV[1])) do
  table.insert(found, { id, redis.call('HGET', KEYS[2], id) or '' })
end
return found`;

const newestSchema = z.array(z.tuple([z.string(), z.string()]));

export function connectReportStore({ url, name, log, timeoutMs = 2_000 }: ReportStoreOptions): ReportStore {
  const where = redactUrl(url);
  const redis = connect(url, where, timeoutMs, log);
  /** Braces keep the keys in one slot of a cluster. */
  const index = `{unstale}:unstale-${name}-reports`;
  const [summaries, documents] = [`${index}:summaries`, `${index}:documents`];

  const ask = async <T>(what: string, question: () => Promise<T>): Promise<T> => {
    try {
      await untilReady(redis, timeoutMs);
      return await question();
    } catch (error) {
      const message = `${what} failed: the queue's Redis at ${where} does not do its work: ${messageOf(error)}.`;
      throw new UnstaleError('QUEUE_UNREACHABLE', message, { cause: error });
    }
  };
  const newest = (hash: string, lastRank: number): Promise<[id: string, text: string][]> =>
    ask('Listing the drift reports', async () =>
      newestSchema.parse(await redis.eval(NEWEST, 2, index, hash, lastRank)),
    );
  return {
    save: (report, keep) =>
      ask(`Saving the drift report ${report.id}`, async () => {
        const texts = [JSON.stringify(summaryOf(report)), JSON.stringify(report)];
        const startedAtMs = Date.parse(report.startedAt);
        const kept = Math.max(1, keep); // 0 would remove what is being saved
        await redis.eval(SAVE, 3, index, summaries, documents, report.id, startedAtMs, ...texts, kept);
      }),
    async list(limit = 0) {
      const found = await newest(summaries, limit - 1);
      return found.flatMap(([id, text]) => {
        const { data, problem } = read(reportSummarySchema, text);
        if (data !== undefined) return data;
        log.warn({ report: id, problem }, 'a drift report is damaged, and left out of the list');
        return [];
      });
    },
    async get(id) {
      const text = await ask(`Reading the drift report ${id}`, () => redis.hget(documents, id));
      return text === null ? undefined : readReport(id, text);
    },
    async latest() {
      const [found] = await newest(documents, 0);
      return found === undefined ? undefined : readReport(...found);
    },
    close() {
      redis.disconnect(); // nothing is pending that anybody waits for
      return Promise.resolve();
    },
  };
}

function readReport(id: string, text: string): Report {
  const { data, problem } = read(reportSchema, text);
  if (data !== undefined) return data;
  throw new Error(
    `The drift report ${id} is damaged, and cannot be shown: ${problem}. Others are listed by: unstale report list`,
  );
}

type Read<T> = { data: T; problem?: never } | { data?: never; problem: string };

/** What comes back from Redis is not trusted: other versions, or people, may have written it. */
function read<T>(schema: z.ZodType<T>, text: string): Read<T> {
  try {
    const { data, error } = schema.safeParse(JSON.parse(text));
    if (data !== undefined) return { data };
    const [issue] = error?.issues ?? [];
    return { problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function connect(url: string, where: string, timeoutMs: number, log: Logger): Redis {
  const redis = new Redis(url, {
    commandTimeout: timeoutMs,
    connectTimeout: 3_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
  });
  let lastError = '';
  redis.on('error', (error: unknown) => {
    const text = messageOf(error);
    if (text !== lastError) log.warn({ err: error }, `the queue's Redis at ${where} does not answer`);
    lastError = text;
  });
  redis.on('ready', () => {
    lastError = '';
  });
  return redis;
}

/** @throws Error when there is no connection within the time */
async function untilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off('ready', finish);
      reject(new Error(`there is no connection after ${timeoutMs} ms`));
    }, timeoutMs);
    redis.once('ready', finish);
  });
}
