/**
 * A shop whose rows are written and read as hard as it gets, beside rows in whose cached values drift is planted.
 *
 * Stocks take few values, so that a row often becomes what an old cached value says; every write first puts the value of
 * before into the cache, and readers fill in late: at any moment many values contradict their rows, and none has drifted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import mysql, { type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import type { DriftKind } from '../../src/domain/drift.js';
import type { World } from './world.js';

/** Where drift was planted, and as what it must be found. */
export interface Planted {
  readonly key: string;
  readonly field: string | null;
  readonly kind: DriftKind;
}

export interface Shop {
  /** For `configure`; unstale must not have started before the shop was made. */
  readonly tables: object;
  startLoad(writesPerSecond: number): { writes(): number; stop(): Promise<void> };
  /** One or more cases of each kind, in rows that nobody else touches. */
  plant(): Promise<Planted[]>;
  /** Of those places the ones that still hold something. */
  left(planted: readonly Planted[]): Promise<string[]>;
  close(): Promise<void>;
}

const ROWS = 2_000;
const HOT_ROWS = 200;
const STOCKS = 3;
const ROWS_A_TRANSACTION = 10;
const READERS = 8;
const FIRST_PLANTED = 1_000_000;
const CASES_A_PLANTING = 10;
const PLANTINGS_MAX = 50;

export async function createShop(world: World, cache: Redis | Cluster): Promise<Shop> {
  const pool = mysql.createPool({ uri: world.servers.mysql, database: world.id, connectionLimit: 16 });
  await pool.query(`CREATE TABLE products (id BIGINT PRIMARY KEY, sku VARCHAR(50) NOT NULL, stock INT NOT NULL,
    price DECIMAL(20, 2) NOT NULL, name VARCHAR(50), UNIQUE (sku))`);
  await pool.query(
    `INSERT INTO products WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${ROWS})
     SELECT /*+ SET_VAR(cte_max_recursion_depth = ${ROWS}) */ id, CONCAT('sku-', id), 0, id, 'näme' FROM n`,
  );
  // Nobody touches them, and they are older than the tail's first position: no change deletes what is planted in them.
  const untouched = Array.from(
    { length: PLANTINGS_MAX * CASES_A_PLANTING },
    (_, index) => FIRST_PLANTED + index,
  );
  await pool.query('INSERT INTO products VALUES ?', [
    untouched.map((id) => [id, `sku-${id}`, 1, '1.10', 'ü']),
  ]);
  const shop: ShopParts = { pool, cache, prefix: world.prefix };
  let planted = FIRST_PLANTED;
  return {
    tables: {
      [`${world.id}.products`]: {
        keys: [
          { key: 'product:{id}:stock', value: { string: 'stock' } },
          {
            key: 'product:{id}',
            value: { json: { id: 'id', 'state.stock': 'stock', price: 'price', name: 'name' } },
          },
          { key: 'product:{id}:info', value: { hash: { stock: 'stock', price: 'price' } } },
          { key: 'product:{id}:by:{sku}' },
          { key: 'stocks', field: '{id}', value: { string: 'stock' } },
        ],
      },
    },
    startLoad: (writesPerSecond) => startLoad(shop, writesPerSecond),
    async plant() {
      const first = planted;
      planted += CASES_A_PLANTING;
      return plantAt(shop, first);
    },
    async left(places) {
      const held = await Promise.all(
        places.map(({ key, field }) => (field === null ? cache.exists(key) : cache.hexists(key, field))),
      );
      return places.filter((_, index) => held[index] === 1).map(({ key }) => key);
    },
    close: () => pool.end(),
  };
}

interface ShopParts {
  readonly pool: mysql.Pool;
  readonly cache: Redis | Cluster;
  readonly prefix: string;
}

interface Product {
  readonly id: number;
  readonly sku: string;
  readonly stock: number;
  readonly price: string;
  readonly name: string;
}

/** As a reader that has just read the row. */
async function fill({ cache, prefix }: ShopParts, { id, sku, stock, price, name }: Product): Promise<void> {
  const key = `${prefix}product:${id}`;
  await Promise.all([
    cache.set(`${key}:stock`, stock),
    cache.set(key, JSON.stringify({ name, price: Number(price), id: String(id), state: { stock } })),
    cache.hset(`${key}:info`, { stock, price, extra: Math.random() }),
    cache.set(`${key}:by:${sku}`, 'page'),
    cache.hset(`${prefix}stocks`, String(id), stock),
  ]);
}

async function readRows({ pool }: ShopParts, ids: readonly number[]): Promise<Product[]> {
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT id, sku, stock, price, name FROM products WHERE id IN (?)',
    [ids],
  );
  return rows as Product[];
}

function startLoad(shop: ShopParts, writesPerSecond: number): ReturnType<Shop['startLoad']> {
  const state = { running: true, writes: 0 };
  const everyMs = (ROWS_A_TRANSACTION * 1_000) / writesPerSecond;
  const work = [
    repeat(state, everyMs, async () => {
      const ids = distinctIds();
      for (const product of await readRows(shop, ids.slice(0, 2)))
        void fill(shop, product).catch(() => undefined);
      const [{ affectedRows }] = await shop.pool.query<ResultSetHeader>(
        `UPDATE products SET stock = (stock + 1 + FLOOR(RAND() * 2)) % ${STOCKS} WHERE id IN (?)`,
        [ids],
      );
      state.writes += affectedRows;
    }),
    ...Array.from({ length: READERS }, () => repeat(state, 5, () => readThrough(shop))),
  ];
  return {
    writes: () => state.writes,
    async stop() {
      state.running = false;
      await Promise.all(work);
    },
  };
}

/** Cache-aside: it fills in what it finds missing, up to 50 ms after it has read it. */
async function readThrough(shop: ShopParts): Promise<void> {
  const id = 1 + Math.floor(Math.random() * HOT_ROWS);
  if ((await shop.cache.get(`${shop.prefix}product:${id}:stock`)) !== null) return;
  const [product] = await readRows(shop, [id]);
  await sleep(Math.random() * 50);
  if (product !== undefined) await fill(shop, product);
}

/** Half of the writes go to few rows. */
function distinctIds(): number[] {
  const ids = Array.from(
    { length: ROWS_A_TRANSACTION },
    (_, index) => 1 + Math.floor(Math.random() * (index % 2 === 0 ? HOT_ROWS : ROWS)),
  );
  return [...new Set(ids)].sort((one, other) => one - other); // in one order, so that writers never deadlock
}

async function repeat(state: { running: boolean }, everyMs: number, act: () => Promise<void>): Promise<void> {
  let dueAtMs = performance.now();
  while (state.running) {
    await act().catch(() => sleep(20)); // servers that are away
    dueAtMs = Math.max(dueAtMs + everyMs, performance.now() - 200);
    await sleep(Math.max(0, dueAtMs - performance.now()));
  }
}

async function plantAt(shop: ShopParts, first: number): Promise<Planted[]> {
  const { cache, prefix } = shop;
  const ids = Array.from({ length: CASES_A_PLANTING }, (_, index) => first + index);
  for (const product of await readRows(shop, ids)) await fill(shop, product);
  const key = (id: number): string => `${prefix}product:${id}`;
  const at = (index: number): number => first + index;
  const gone = first + CASES_A_PLANTING * 1_000_000;
  await Promise.all([
    cache.set(`${key(at(0))}:stock`, 2),
    cache.set(key(at(1)), JSON.stringify({ id: at(1), state: { stock: 1 }, price: '1.11', name: 'ü' })),
    cache.hset(`${key(at(2))}:info`, { stock: 1, price: '1.01' }),
    cache.hset(`${prefix}stocks`, String(at(3)), 2),
    cache.set(key(at(4)), 'no document'),
    cache.del(`${key(at(5))}:stock`).then(() => cache.rpush(`${key(at(5))}:stock`, 'a', 'b')),
    cache.set(`${key(at(6))}:by:sku-of-yesterday`, 'page'),
    cache.set(key(gone), JSON.stringify({ id: gone })),
    cache.hset(`${key(gone)}:info`, { stock: 1 }),
    cache.hset(`${prefix}stocks`, String(gone), 1),
  ]);
  const place = (name: string, kind: DriftKind, field: string | null = null): Planted => ({
    key: name,
    field,
    kind,
  });
  return [
    place(`${key(at(0))}:stock`, 'stale'),
    place(key(at(1)), 'stale'),
    place(`${key(at(2))}:info`, 'stale'),
    place(`${prefix}stocks`, 'stale', String(at(3))),
    place(key(at(4)), 'unparseable'),
    place(`${key(at(5))}:stock`, 'unparseable'),
    place(`${key(at(6))}:by:sku-of-yesterday`, 'secondary_key_moved'),
    place(key(gone), 'orphan'),
    place(`${key(gone)}:info`, 'orphan'),
    place(`${prefix}stocks`, 'orphan', String(gone)),
  ];
}
