import type { Pool, RowDataPacket } from 'mysql2/promise';
import {
  categoryValue,
  keyOf,
  productValue,
  skuValue,
  stockValue,
  type Product,
  type Thing,
} from './keys.js';

type ProductRow = Product & RowDataPacket;
interface CategoryRow extends RowDataPacket {
  readonly category_id: number;
  readonly id: number;
}

/** Cache key -> the value that MySQL gives it now. A thing that has no row has no entry. */
export type Values = ReadonlyMap<string, string>;

const columns = 'id, sku, name, stock, price';

/** Reads what the things' keys should hold, with at most one query for each way of looking up. */
export async function loadValues(mysql: Pool, things: readonly Thing[]): Promise<Values> {
  const ids = [
    ...new Set(
      things.flatMap((thing) => (thing.kind === 'product' || thing.kind === 'stock' ? thing.id : [])),
    ),
  ];
  const skus = things.flatMap((thing) => (thing.kind === 'sku' ? thing.sku : []));
  const categories = things.flatMap((thing) => (thing.kind === 'category' ? thing.id : []));
  const [byId, bySku, byCategory] = await Promise.all([
    productsWhere(mysql, 'id', ids),
    productsWhere(mysql, 'sku', skus),
    idsByCategory(mysql, categories),
  ]);
  const rows = new Map(byId.map((row) => [row.id, row]));
  const rowsBySku = new Map(bySku.map((row) => [row.sku, row]));
  const values = new Map<string, string>();
  for (const thing of things) {
    const value = valueOf(thing, rows, rowsBySku, byCategory);
    if (value !== undefined) values.set(keyOf(thing), value);
  }
  return values;
}

function valueOf(
  thing: Thing,
  rows: ReadonlyMap<number, Product>,
  rowsBySku: ReadonlyMap<string, Product>,
  idsOf: ReadonlyMap<number, readonly number[]>,
): string | undefined {
  switch (thing.kind) {
    case 'product': {
      const row = rows.get(thing.id);
      return row && productValue(row);
    }
    case 'stock': {
      const row = rows.get(thing.id);
      return row && stockValue(row);
    }
    case 'sku': {
      const row = rowsBySku.get(thing.sku);
      return row && skuValue(row);
    }
    case 'category':
      return categoryValue(idsOf.get(thing.id) ?? []);
  }
}

async function productsWhere(
  mysql: Pool,
  column: 'id' | 'sku',
  values: readonly (number | string)[],
): Promise<ProductRow[]> {
  if (values.length === 0) return [];
  const [rows] = await mysql.query<ProductRow[]>(`SELECT ${columns} FROM products WHERE ${column} IN (?)`, [
    values,
  ]);
  return rows;
}

async function idsByCategory(mysql: Pool, categories: readonly number[]): Promise<Map<number, number[]>> {
  const ids = new Map<number, number[]>();
  if (categories.length === 0) return ids;
  const [rows] = await mysql.query<CategoryRow[]>(
    "SELECT category_id, id FROM products WHERE category_id IN (?) AND status = 'on sale' ORDER BY category_id, id",
    [categories],
  );
  for (const { category_id: category, id } of rows) {
    const list = ids.get(category);
    if (list) list.push(id);
    else ids.set(category, [id]);
  }
  return ids;
}
