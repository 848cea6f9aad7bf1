/**
 * A shop that knows nothing of unstale: writers change products in MySQL, readers look things up in the cache
 * first and fill it on a miss. In: addresses and rates. Out: counters. Guarantees: after `stop()` no transaction
 * and no fill is under way.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { categoryCount, probeCategory, productCount } from '../schema.js';
import { createCatalogue, popularPlace, type Catalogue, type Item } from './catalogue.js';
import { keyOf, type Thing } from './keys.js';
import { planTransaction, type Statement } from './transactions.js';
import { loadValues } from './values.js';

export interface ShopOptions {
  readonly mysql: Pool;
  readonly cache: Redis;
  readonly writesPerSecond: number;
  readonly readers: number;
}

export interface ShopCounters {
  /** Rows changed by committed transactions. */
  changes: number;
  reads: number;
  hits: number;
}

export interface Shop {
  readonly counters: Readonly<ShopCounters>;
  /** Resolves when the shop has been stopped and nothing of it is under way; rejects when it fails. */
  readonly closed: Promise<void>;
  readonly stop: () => void;
}

const writers = 4;
/** Between two look-ups of one reader; 64 readers make about 2,000 look-ups a second. */
const readerRestMs = 28;
/** What a reader does between its SELECT and its SET: the window of the stale-set race. */
const readerThinksMs = 20;
/** Long, so that no expiry hides a stale value while the demo looks. */
const cachedForSeconds = 3600;

export async function openShop({ mysql, cache, writesPerSecond, readers }: ShopOptions): Promise<Shop> {
  const catalogue = createCatalogue(await loadItems(mysql), Math.random);
  const counters: ShopCounters = { changes: 0, reads: 0, hits: 0 };
  let open = true;
  let lastSerial = productCount;

  const write = async (): Promise<void> => {
    let dueMs = Date.now();
    while (open) {
      const statements = planTransaction(catalogue, Math.random, () => ++lastSerial);
      const changed = await transact(mysql, catalogue, statements);
      counters.changes += changed;
      // A writer that fell behind does not catch up: a burst would blur the figures.
      dueMs = Math.max(dueMs + (statements.length * writers * 1000) / writesPerSecond, Date.now());
      await pause(dueMs - Date.now());
    }
  };

  const read = async (): Promise<void> => {
    while (open) {
      counters.reads += 1;
      if (await lookUp({ mysql, cache, thing: pickThing(catalogue) })) counters.hits += 1;
      await pause(Math.random() * 2 * readerRestMs);
    }
  };

  const closed = Promise.all([...repeat(writers, write), ...repeat(readers, read)]).then(() => undefined);
  return {
    counters,
    closed,
    stop() {
      open = false;
    },
  };
}

const repeat = (times: number, task: () => Promise<void>): Promise<void>[] =>
  Array.from({ length: times }, task);

/** Plain cache-aside. Resolves to whether the cache had it. */
async function lookUp({
  mysql,
  cache,
  thing,
}: {
  mysql: Pool;
  cache: Redis;
  thing: Thing;
}): Promise<boolean> {
  const key = keyOf(thing);
  if ((await cache.get(key)) !== null) return true;
  const value = (await loadValues(mysql, [thing])).get(key);
  if (value === undefined) return false; // sold out between the page and the click
  await pause(Math.random() * readerThinksMs);
  await cache.set(key, value, 'EX', cachedForSeconds);
  return false;
}

function pickThing(catalogue: Catalogue): Thing {
  const kind = Math.random();
  if (kind < 0.15) return { kind: 'category', id: 1 + popularPlace(Math.random(), categoryCount) };
  const { id, sku } = catalogue.popular();
  if (kind < 0.3) return { kind: 'sku', sku };
  return { kind: kind < 0.6 ? 'stock' : 'product', id };
}

/** Resolves to the number of rows changed; 0 if MySQL chose the transaction as a deadlock's victim. */
async function transact(
  mysql: Pool,
  catalogue: Catalogue,
  statements: readonly Statement[],
): Promise<number> {
  const connection = await mysql.getConnection();
  try {
    await connection.beginTransaction();
    const results = await runAll(connection, statements);
    await connection.commit();
    for (const { statement, result } of results) {
      if (result.affectedRows > 0) statement.learn?.(catalogue, result.insertId);
    }
    return results.reduce((sum, { result }) => sum + result.affectedRows, 0);
  } catch (error) {
    await connection.rollback();
    if (isDeadlock(error)) return 0;
    throw error;
  } finally {
    connection.release();
  }
}

async function runAll(connection: PoolConnection, statements: readonly Statement[]) {
  const results: { statement: Statement; result: ResultSetHeader }[] = [];
  for (const statement of statements) {
    const [result] = await connection.query<ResultSetHeader>(statement.sql, [...statement.values]);
    results.push({ statement, result });
  }
  return results;
}

const isDeadlock = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ER_LOCK_DEADLOCK';

async function loadItems(mysql: Pool): Promise<Item[]> {
  const [rows] = await mysql.query<(Item & RowDataPacket)[]>(
    'SELECT id, sku FROM products WHERE category_id <> ? ORDER BY id',
    [probeCategory],
  );
  return rows.map(({ id, sku }) => ({ id, sku }));
}
