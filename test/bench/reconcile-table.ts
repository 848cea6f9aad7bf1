/** What `unstale reconcile` is measured with: a table that grows, and the one key of each of its rows. */
import type { Redis } from 'ioredis';
import type { Connection } from 'mysql2/promise';

/** Ids from the first to the last; both are among them. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

export interface FillOptions {
  readonly range: IdRange;
  /** @throws what stops the filling */
  readonly onProgress: (done: number) => void;
}

export const stockKeyOf = (id: number): string => `product:${id}:stock`;
/** The same as `productOf` in workload.ts says. */
export const stockOf = (id: number): number => 10_000 + (id % 500);

const smallestSize = 100_000;

/** The largest table, and each a tenth of the next; the smallest that counts has 100,000 rows, and there are two. */
export function sizesUpTo(largest: number): number[] {
  const sizes = [largest];
  let next = Math.floor(largest / 10);
  while (sizes.length < 2 || next >= smallestSize) {
    sizes.unshift(next);
    next = Math.floor(next / 10);
  }
  return sizes;
}

const rowsPerInsert = 50_000;

/** The columns are those of the products, so that rows are as wide. */
const insertRows = ({ first, last }: IdRange): string => `
  INSERT INTO reconcile.products
  WITH RECURSIVE ids (id) AS (SELECT ${first} UNION ALL SELECT id + 1 FROM ids WHERE id < ${last})
  SELECT /*+ SET_VAR(cte_max_recursion_depth = ${rowsPerInsert}) */
    id, CONCAT('SKU-', LPAD(id, 8, '0')), CONCAT('Stoneware kettle, 1.', id % 10, ' l, edition ', LPAD(id, 8, '0')),
    5 + (id * 37 % 99000) / 100, 10000 + id % 500, 1 + id % 200, IF(id % 25 = 0, 'hidden', 'active'), '2026-01-01'
  FROM ids`;

/** Nobody follows the binlog meanwhile, so nothing is written to it. */
export async function addRows(mysql: Connection, { range, onProgress }: FillOptions): Promise<void> {
  await mysql.query('SET SESSION sql_log_bin = 0');
  for (const part of partsOf(range, rowsPerInsert)) {
    await mysql.query(insertRows(part));
    onProgress(part.last - range.first + 1);
  }
  await mysql.query('SET SESSION sql_log_bin = 1');
  await mysql.query('ANALYZE TABLE reconcile.products');
}

const keysPerCall = 1000;
const callsAtATime = 20;

/** Caches each row's stock as it is. */
export async function addKeys(cache: Redis, { range, onProgress }: FillOptions): Promise<void> {
  for (const part of partsOf(range, keysPerCall * callsAtATime)) {
    const pipeline = cache.pipeline();
    for (const { first, last } of partsOf(part, keysPerCall)) {
      const entries: string[] = [];
      for (let id = first; id <= last; id += 1) entries.push(stockKeyOf(id), String(stockOf(id)));
      pipeline.mset(entries);
    }
    await pipeline.exec();
    onProgress(part.last - range.first + 1);
  }
}

function* partsOf({ first, last }: IdRange, size: number): Generator<IdRange> {
  for (let from = first; from <= last; from += size)
    yield { first: from, last: Math.min(from + size - 1, last) };
}
