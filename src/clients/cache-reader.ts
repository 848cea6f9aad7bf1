/**
 * The cache as reconciling reads it, over connections of its own, so that its long answers hold up no deletion.
 * In: keys, as many as the caller wants in flight. Out: what lies there. Guarantees: answers come in the order of the
 * keys, from primaries, and from the right ones while a cluster moves its slots; nothing is sent without a
 * connection; whatever fails is REDIS_UNREACHABLE, never a value that is missing.
 */
import type { Config } from '../config/schema.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import type { CacheNode, CacheReader, Probe } from '../reconcile/effects.js';
import { openCacheNode } from './cache-node.js';
import { createRoutes } from './cache-routes.js';
import { type RedisConnection, connectRedis } from './redis-connection.js';
import { READ_SCRIPTS, type SnapshotReply, cachedValueOf, lookArguments } from './redis-scripts.js';

const COMMAND_TIMEOUT_MS = 5_000;
const KEYS_PER_MGET = 500;
const FIELDS_PER_HMGET = 500;

/** Every function of it and of its nodes: @throws UnstaleError REDIS_UNREACHABLE */
export function connectCacheReader(redis: Config['redis'], log: Logger): CacheReader {
  const options = { purpose: ' for reading', commandTimeoutMs: COMMAND_TIMEOUT_MS, scripts: READ_SCRIPTS };
  const connection = connectRedis(redis, options, log);
  const { readEach, primaries } = createRoutes(connection);
  const asking = createAsking(connection);
  const isCluster = connection.kind === 'cluster';

  async function openNodes(): Promise<CacheNode[]> {
    const known = await primaries();
    const { keyPrefix } = redis;
    return Promise.all(known.map((primary) => openCacheNode({ primary, isCluster, keyPrefix })));
  }

  return {
    strings: asking(async (keys: readonly string[]) => {
      if (connection.kind === 'single') {
        const { client } = connection;
        const answers = await Promise.all(chunks(keys, KEYS_PER_MGET).map((part) => client.mget(part)));
        return answers.flat();
      }
      const answers = await readEach<string | null>(keys, (to, index) => to.get(keys[index] ?? ''));
      return answers.map((answer) => unlessOtherType(answer) ?? null);
    }),
    hashes: asking(async (keys: readonly string[], fields: readonly string[]) => {
      const answers = await readEach<Values>(keys, (to, index) => to.hmget(keys[index] ?? '', ...fields));
      return answers.map(unlessOtherType);
    }),
    fields: asking(async (key: string, fields: readonly string[]) => {
      const parts = chunks(fields, FIELDS_PER_HMGET);
      const keys = parts.map(() => key);
      const answers = await readEach<Values>(keys, (to, index) => to.hmget(key, ...(parts[index] ?? [])));
      const values = answers.map(unlessOtherType).filter((each) => each !== undefined);
      return values.length < parts.length ? undefined : values.flat();
    }),
    types: asking(async (keys: readonly string[]) => {
      return (await readEach<string>(keys, (to, index) => to.type(keys[index] ?? ''))).map(unlessError);
    }),
    nodes: asking(async () => (await openNodes()).map((node) => guarded(node, asking))),
    scanFields: asking(async (key: string, cursor: string, count: number) => {
      const [answer] = await readEach<[string, string[]]>([key], (to) =>
        to.hscan(key, cursor, 'COUNT', count),
      );
      // A key that became something else while it was scanned has no more fields.
      const [next, pairs] = (answer === undefined ? undefined : unlessOtherType(answer)) ?? ['0', []];
      return { cursor: next, fields: pairs.filter((_, index) => index % 2 === 0) };
    }),
    snapshot: asking(async (probes: readonly Probe[]) => {
      const keys = probes.map(({ key }) => key);
      const looks = probes.map(lookArguments);
      const answers = await readEach<SnapshotReply>(keys, (to, index) =>
        to.snapshotBuffer(keys[index] ?? '', ...(looks[index] ?? [])),
      );
      return answers.map((answer) => cachedValueOf(unlessError(answer)));
    }),
    close() {
      connection.client.disconnect();
      return Promise.resolve();
    },
  };
}

type Values = (string | null)[];

type Asking = <Parameters extends readonly unknown[], Answer>(
  ask: (...parameters: Parameters) => Promise<Answer>,
) => (...parameters: Parameters) => Promise<Answer>;

function createAsking({ settled, where, lastError }: RedisConnection): Asking {
  return (ask) =>
    async (...parameters) => {
      try {
        await settled();
        return await ask(...parameters);
      } catch (error) {
        if (error instanceof TypeError) throw error; // ours
        const last = lastError() === '' ? '' : ` (${lastError()})`;
        const message = `The cache at ${where} cannot be read: ${messageOf(error)}${last}.`;
        throw new UnstaleError('REDIS_UNREACHABLE', message, { cause: error });
      }
    };
}

function guarded({ id, keyCount, scan, latencyMs }: CacheNode, asking: Asking): CacheNode {
  return { id, keyCount: asking(keyCount), scan: asking(scan), latencyMs: asking(latencyMs) };
}

function unlessError<T>(answer: T | Error): T {
  if (answer instanceof Error) throw answer;
  return answer;
}

/** Undefined where the key holds another type than the command is for. */
function unlessOtherType<T>(answer: T | Error): T | undefined {
  return answer instanceof Error && answer.message.startsWith('WRONGTYPE ') ? undefined : unlessError(answer);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
