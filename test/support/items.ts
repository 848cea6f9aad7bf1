/**
 * A table, its cache, a load on both, and the oracle of the fault tests: a key is absent or holds its row's version.
 *
 * Before a writer changes a row it puts the version of then into the cache, so that each change leaves a stale key
 * unless that is deleted. Most rows change once, so that no later delete can stand in for one that was lost; a few are
 * hot, and show whether their changes come in order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import type { TopicMessage } from './topic.js';
import { until } from './until.js';
import type { World } from './world.js';

export interface Items {
  /** For `configure`: a key and a field of a hash for each row. */
  readonly tables: object;
  /** Puts every row's version into the cache. */
  warm(): Promise<void>;
  /** One more version of a row. */
  change(id: number): Promise<void>;
  startLoad(options?: LoadOptions): Load;
  /** Of each row that has changed, by id. */
  versions(): Promise<ReadonlyMap<number, number>>;
  /** Which keys and fields hold something else than their row. */
  stale(): Promise<string[]>;
  /** Only deletes can make it true once the load has stopped: a stale key that is never deleted fails it. */
  untilNoneStale(timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

export interface LoadOptions {
  readonly changesPerSecond?: number;
  /** Cache-aside readers of the hot rows: they fill in what they find missing, a while after they have read it. */
  readonly readers?: number;
}

export interface Load {
  /** Changes that MySQL has acknowledged so far. */
  changes(): number;
  /** Resolves when as many more have been acknowledged. */
  untilMore(changes: number): Promise<void>;
  stop(): Promise<void>;
}

const ROWS = 20_000;
const HOT_ROWS = 40;
const WRITERS = 4;
const HASH_FIELDS = 'items';

export async function createItems(world: World): Promise<Items> {
  const { id: db, prefix, servers } = world;
  const pool = mysql.createPool({ uri: servers.mysql, database: db, connectionLimit: 8 });
  const cache = new Redis(servers.cache, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
  });
  cache.on('error', () => undefined); // servers that tests stop
  await pool.query('CREATE TABLE items (id INT PRIMARY KEY, version INT NOT NULL)');
  await pool.query(
    `INSERT INTO items WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${ROWS})
     SELECT /*+ SET_VAR(cte_max_recursion_depth = ${ROWS}) */ id, 0 FROM n`,
  );
  const rowVersions = async (): Promise<Map<number, number>> => {
    const [rows] = await pool.query<RowDataPacket[]>('SELECT id, version FROM items WHERE version > 0');
    return new Map(rows.map((row) => [Number(row.id), Number(row.version)]));
  };
  const change = async (id: number): Promise<void> => {
    await pool.query('UPDATE items SET version = version + 1 WHERE id = ?', [id]);
  };
  const put = async (id: number, version: number): Promise<void> => {
    await Promise.all([
      cache.set(`${prefix}item:${id}`, version),
      cache.hset(prefix + HASH_FIELDS, String(id), version),
    ]);
  };
  const nextIds = Array.from({ length: WRITERS }, (_, writer) => idsOf(writer));
  const stale = async (): Promise<string[]> => {
    const versions = await rowVersions();
    if (versions.size === 0) return [];
    const ids = [...versions.keys()];
    const [keys, fields] = await Promise.all([
      cache.mget(ids.map((id) => `${prefix}item:${id}`)),
      cache.hmget(prefix + HASH_FIELDS, ...ids.map(String)),
    ]);
    return ids.flatMap((id, index) => {
      const version = String(versions.get(id));
      const wrong = (held: string | null | undefined): held is string =>
        typeof held === 'string' && held !== version;
      const tell = (what: string, held: string | null | undefined): string[] =>
        wrong(held) ? [`${what} ${id} holds ${held}, its row ${version}`] : [];
      return [...tell('key', keys[index]), ...tell('field', fields[index])];
    });
  };
  return {
    tables: {
      [`${db}.items`]: {
        keys: [
          { key: 'item:{id}', value: { string: 'version' } },
          { key: HASH_FIELDS, field: '{id}' },
        ],
      },
    },
    async warm() {
      const [rows] = await pool.query<RowDataPacket[]>('SELECT id, version FROM items');
      const pairs = rows.map((row) => [String(row.id), String(row.version)] as const);
      await cache.mset(new Map(pairs.map(([id, version]) => [`${prefix}item:${id}`, version])));
      await cache.hset(prefix + HASH_FIELDS, new Map(pairs));
    },
    change,
    startLoad: (options = {}) => startLoad({ pool, cache, prefix, put, change, nextIds }, options),
    versions: rowVersions,
    stale,
    async untilNoneStale(timeoutMs = 30_000) {
      let found: string[] = [];
      const none = async (): Promise<boolean> => {
        found = await stale();
        return found.length === 0;
      };
      await until(none, { what: 'every stale key to be deleted', timeoutMs, everyMs: 100 }).catch(
        (error: unknown) => {
          throw new Error(`${found.length} stale keys stayed: ${found.slice(0, 10).join('; ')}`, {
            cause: error,
          });
        },
      );
    },
    async close() {
      cache.disconnect();
      await pool.end().catch(() => undefined); // its server may be gone
    },
  };
}

interface LoadParts {
  readonly pool: mysql.Pool;
  readonly cache: Redis;
  readonly prefix: string;
  readonly put: (id: number, version: number) => Promise<void>;
  readonly change: (id: number) => Promise<void>;
  /** Of each writer; they go on where the last load ended, so that no row changes twice that should not. */
  readonly nextIds: readonly (() => number)[];
}

/** A fill later than this after its read is given up: settling promises nothing for such readers. */
const FILL_WITHIN_MS = 400;

function startLoad(parts: LoadParts, { changesPerSecond = 300, readers = 0 }: LoadOptions): Load {
  const { pool, put, change, nextIds } = parts;
  const state = { running: true, changes: 0 };
  const versionOf = async (id: number): Promise<number> => {
    const [rows] = await pool.query<RowDataPacket[]>('SELECT version FROM items WHERE id = ?', [id]);
    return Number(rows[0]?.version);
  };
  const changeCached = async (id: number): Promise<void> => {
    const version = await versionOf(id);
    await put(id, version).catch(() => undefined); // the row changes whether the cache is there or not
    await change(id);
    state.changes += 1;
  };
  const everyMs = (WRITERS * 1_000) / changesPerSecond;
  const work = nextIds.map((nextId) => repeat(state, everyMs, () => changeCached(nextId())));
  for (let reader = 0; reader < readers; reader++) {
    const nextId = hotIds(reader);
    work.push(repeat(state, 2, () => readThrough(parts, versionOf, nextId())));
  }
  return {
    changes: () => state.changes,
    async untilMore(changes) {
      const target = state.changes + changes;
      await until(() => state.changes >= target, { what: `${changes} more changes` });
    },
    async stop() {
      state.running = false;
      await Promise.all(work);
    },
  };
}

async function readThrough(
  { cache, prefix, put }: LoadParts,
  versionOf: (id: number) => Promise<number>,
  id: number,
): Promise<void> {
  if ((await cache.get(`${prefix}item:${id}`)) !== null) return;
  const readAtMs = performance.now();
  const version = await versionOf(id);
  await sleep(Math.random() * 20);
  if (performance.now() - readAtMs < FILL_WITHIN_MS) await put(id, version);
}

/** Servers that are away make an attempt fail; the load goes on, and whoever looks at its changes sees that it hangs. */
async function repeat(state: { running: boolean }, everyMs: number, act: () => Promise<void>): Promise<void> {
  let dueAtMs = performance.now();
  while (state.running) {
    await act().catch(() => sleep(20));
    dueAtMs = Math.max(dueAtMs + everyMs, performance.now() - 100);
    await sleep(dueAtMs - performance.now());
  }
}

/** No row has two writers, so that a row's version is sure between reading and changing it. The last has the hot ones. */
function idsOf(writer: number): () => number {
  return writer === WRITERS - 1 ? hotIds(0) : coldIds(writer);
}

function hotIds(first: number): () => number {
  let turn = first;
  return () => 1 + (turn++ % HOT_ROWS);
}

function coldIds(writer: number): () => number {
  const writers = WRITERS - 1;
  const rows = Math.floor((ROWS - HOT_ROWS) / writers);
  let turn = 0;
  return () => 1 + HOT_ROWS + writer + writers * (turn++ % rows);
}

/**
 * What is wrong with the topic's account of the rows: a change that is missing, a row in two partitions, a change
 * before an earlier one. After a restart changes come again, but also then in their order and without a gap.
 */
export function accountProblems(
  messages: readonly TopicMessage[],
  versions: ReadonlyMap<number, number>,
): string[] {
  const problems: string[] = [];
  const rows = new Map<number, { partition: number; last: number; highest: number }>();
  for (const { partition, value } of messages) {
    const { id, version } = afterOf(value);
    if (version === 0) continue; // its insert, from before the load
    const known = rows.get(id) ?? { partition, last: 0, highest: 0 };
    if (known.partition !== partition)
      problems.push(`row ${id} is in partitions ${known.partition} and ${partition}`);
    if (version > known.last + 1) problems.push(`row ${id}: version ${version} comes after ${known.last}`);
    rows.set(id, { partition, last: version, highest: Math.max(known.highest, version) });
  }
  for (const [id, version] of versions) {
    const highest = rows.get(id)?.highest ?? 0;
    if (highest !== version) problems.push(`row ${id} has version ${version}, but the topic only ${highest}`);
  }
  return problems;
}

function afterOf(value: Buffer | null): { id: number; version: number } {
  const { after } = JSON.parse(value?.toString() ?? '{}') as { after?: { id: number; version: number } };
  if (after === undefined) throw new Error(`no row's message: ${String(value)}`);
  return after;
}
