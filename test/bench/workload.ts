/**
 * The workload of the peers' measurement (`peers.ts`): a table of products, and a backlog of transactions that each
 * update a run of rows.
 */
import type { Redis } from 'ioredis';
import type { Connection, RowDataPacket } from 'mysql2/promise';

export interface WorkloadSize {
  readonly products: number;
  readonly transactions: number;
  readonly rowsPerTransaction: number;
}

/** Where a backlog lies in the binlog, and how large it is. */
export interface Backlog {
  readonly file: string;
  readonly offset: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Each row feeds these keys. `configYaml` declares the same. */
export const keysOf = (id: number): string[] => [`product:${id}`, `product:${id}:stock`];
export const keysPerRow = 2;

const createTable = (name: string): string => `
  CREATE TABLE ${name} (
    id          INT UNSIGNED NOT NULL PRIMARY KEY,
    sku         VARCHAR(32) NOT NULL UNIQUE,
    name        VARCHAR(100) NOT NULL,
    price       DECIMAL(10, 2) NOT NULL,
    stock       INT NOT NULL,
    category_id INT UNSIGNED NOT NULL,
    status      ENUM('active', 'hidden', 'discontinued') NOT NULL,
    updated_at  DATETIME(3) NOT NULL
  )`;

const insertRowsMax = 2000;

/** The table anew, without rows. */
export async function createEmptyProducts(mysql: Connection, database: string): Promise<void> {
  await mysql.query(`DROP DATABASE IF EXISTS ${database}`);
  await mysql.query(`CREATE DATABASE ${database}`);
  await mysql.query(createTable(`${database}.products`));
}

/** The table anew, with its rows. */
export async function createProducts(mysql: Connection, { products }: WorkloadSize): Promise<void> {
  await createEmptyProducts(mysql, 'shop');
  for (let from = 1; from <= products; from += insertRowsMax) {
    const ids = range(from, Math.min(from + insertRowsMax, products + 1));
    await mysql.query('INSERT INTO shop.products VALUES ?', [ids.map(productOf)]);
  }
}

export async function createBacklog(
  mysql: Connection,
  size: WorkloadSize,
  onProgress: (rows: number) => void,
): Promise<Backlog> {
  const before = await binlogEnd(mysql);
  for (let transaction = 0; transaction < size.transactions; transaction += 1) {
    const first = blockOf(transaction, size) * size.rowsPerTransaction + 1;
    // A statement outside of a transaction is one.
    await mysql.execute(
      'UPDATE shop.products SET price = price + 0.01, stock = stock - 1, updated_at = NOW(3) WHERE id BETWEEN ? AND ?',
      [first, first + size.rowsPerTransaction - 1],
    );
    onProgress((transaction + 1) * size.rowsPerTransaction);
  }
  const after = await binlogEnd(mysql);
  return {
    file: before.file,
    offset: before.offset,
    rows: size.transactions * size.rowsPerTransaction,
    bytes: after.totalBytes - before.totalBytes,
  };
}

/**
 * Which run of rows a transaction updates. At the end all runs come once, one after another, and the second half of
 * them not before: so the last keys of a full cache go with the last transactions, however often others came.
 */
export function blockOf(
  transaction: number,
  { products, transactions, rowsPerTransaction }: WorkloadSize,
): number {
  const blocks = products / rowsPerTransaction;
  const repeated = Math.max(0, transactions - blocks);
  return transaction < repeated ? transaction % Math.ceil(blocks / 2) : transaction - repeated;
}

/** How many different products a backlog of this size updates: those with the ids from 1 on. */
export const productsTouched = ({ products, transactions, rowsPerTransaction }: WorkloadSize): number =>
  Math.min(products, transactions * rowsPerTransaction);

const cacheRowsPerCall = 1000;

/** Puts both keys of each product into the empty cache, as readers would. */
export async function fillCache(cache: Redis, products: number): Promise<void> {
  await cache.flushdb();
  for (let from = 1; from <= products; from += cacheRowsPerCall) {
    const ids = range(from, Math.min(from + cacheRowsPerCall, products + 1));
    await cache.mset(ids.flatMap(cacheEntriesOf));
  }
}

/** Key, value, key, value: what a reader caches of a product. */
export function cacheEntriesOf(id: number): string[] {
  const [, sku, name, price, stock] = productOf(id);
  const values = [JSON.stringify({ id, sku, name, price, stock }), String(stock)];
  return keysOf(id).flatMap((key, index) => [key, values[index] ?? '']);
}

type Product = readonly [
  id: number,
  sku: string,
  name: string,
  price: string,
  stock: number,
  categoryId: number,
  status: string,
  updatedAt: string,
];

/** Always the same product for an id. */
export function productOf(id: number): Product {
  const price = (5 + ((id * 37) % 99_000) / 100).toFixed(2);
  const name = `Stoneware kettle, 1.${id % 10} l, edition ${String(id).padStart(6, '0')}`;
  const status = id % 25 === 0 ? 'hidden' : 'active';
  return [
    id,
    `SKU-${String(id).padStart(8, '0')}`,
    name,
    price,
    10_000 + (id % 500),
    1 + (id % 200),
    status,
    '2026-01-01 00:00:00.000',
  ];
}

/** The end of the newest file; SHOW BINARY LOGS has the same name in all versions of MySQL. */
async function binlogEnd(
  mysql: Connection,
): Promise<{ readonly file: string; readonly offset: number; readonly totalBytes: number }> {
  const [rows] =
    await mysql.query<({ Log_name: string; File_size: number } & RowDataPacket)[]>('SHOW BINARY LOGS');
  const newest = rows.at(-1);
  if (newest === undefined) throw new Error('MySQL writes no binlog.');
  const totalBytes = rows.reduce((sum, { File_size: size }) => sum + size, 0);
  return { file: newest.Log_name, offset: newest.File_size, totalBytes };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
