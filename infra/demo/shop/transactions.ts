import { categoryCount, insertProducts, makeProduct } from '../schema.js';
import type { Catalogue, Item, Random } from './catalogue.js';

/** One statement of a transaction, and what the catalogue learns once it is committed. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly learn?: (catalogue: Catalogue, insertedId: number) => void;
}

type Kind = 'sale' | 'price' | 'sku' | 'move' | 'insert' | 'delete';

/** Out of a hundred transactions. As many products come as go, so that the shop keeps its size. */
const shares: readonly (readonly [Kind, number])[] = [
  ['sale', 60],
  ['price', 16],
  ['sku', 4],
  ['move', 10],
  ['insert', 5],
  ['delete', 5],
];

const rowsMax = 5;

/** What the shop's next transaction does: one kind of change to one to five products. */
export function planTransaction(catalogue: Catalogue, random: Random, serial: () => number): Statement[] {
  const kind = kindAt(random() * 100);
  const rows = 1 + Math.floor(random() * rowsMax);
  if (kind === 'insert') return Array.from({ length: rows }, () => insertion(serial()));
  return pickItems(catalogue, rows).map((item) => changeOf(kind, item, random, serial));
}

function kindAt(percent: number): Kind {
  let upTo = 0;
  for (const [kind, share] of shares) {
    upTo += share;
    if (percent < upTo) return kind;
  }
  return 'sale';
}

/** Different products in ascending order, so that transactions seldom wait for each other in a circle. */
function pickItems(catalogue: Catalogue, count: number): Item[] {
  const items = new Map(
    Array.from({ length: count }, () => catalogue.popular()).map((item) => [item.id, item]),
  );
  return [...items.values()].sort((a, b) => a.id - b.id);
}

function changeOf(
  kind: Exclude<Kind, 'insert'>,
  { id }: Item,
  random: Random,
  serial: () => number,
): Statement {
  switch (kind) {
    case 'sale':
      return { sql: 'UPDATE products SET stock = IF(stock > 0, stock - 1, 200) WHERE id = ?', values: [id] };
    case 'price':
      return {
        sql: 'UPDATE products SET price = ? WHERE id = ?',
        values: [(1 + random() * 100).toFixed(2), id],
      };
    case 'sku': {
      const sku = `SKU-${serial()}`;
      return {
        sql: 'UPDATE products SET sku = ? WHERE id = ?',
        values: [sku, id],
        learn: (catalogue) => {
          catalogue.rename(id, sku);
        },
      };
    }
    case 'move':
      return {
        sql: 'UPDATE products SET category_id = ?, status = ? WHERE id = ?',
        values: [1 + Math.floor(random() * categoryCount), random() < 0.1 ? 'hidden' : 'on sale', id],
      };
    case 'delete':
      return {
        sql: 'DELETE FROM products WHERE id = ?',
        values: [id],
        learn: (catalogue) => {
          catalogue.remove(id);
        },
      };
  }
}

function insertion(serial: number): Statement {
  const product = makeProduct(serial);
  return {
    sql: insertProducts,
    values: [[product]],
    learn: (catalogue, insertedId) => {
      catalogue.add({ id: insertedId, sku: product[0] });
    },
  };
}
