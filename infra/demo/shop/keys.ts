/**
 * What the shop keeps in its cache: each thing's key, and the value which that key should hold. The readers fill
 * the cache with it and the audit judges the cache by it.
 */
export type Thing =
  | { readonly kind: 'product'; readonly id: number }
  | { readonly kind: 'stock'; readonly id: number }
  | { readonly kind: 'sku'; readonly sku: string }
  | { readonly kind: 'category'; readonly id: number };

/** A row of shop.products as far as cached values show it; DECIMAL comes as text. */
export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly stock: number;
  readonly price: string;
}

export function keyOf(thing: Thing): string {
  switch (thing.kind) {
    case 'product':
      return `product:${thing.id}`;
    case 'stock':
      return `product:${thing.id}:stock`;
    case 'sku':
      return `product:sku:${thing.sku}`;
    case 'category':
      return `category:${thing.id}:products`;
  }
}

const forms: readonly (readonly [RegExp, (part: string) => Thing])[] = [
  [/^product:(\d+)$/, (id) => ({ kind: 'product', id: Number(id) })],
  [/^product:(\d+):stock$/, (id) => ({ kind: 'stock', id: Number(id) })],
  [/^product:sku:(.+)$/, (sku) => ({ kind: 'sku', sku })],
  [/^category:(\d+):products$/, (id) => ({ kind: 'category', id: Number(id) })],
];

/** The thing that a key stands for; undefined for a key that is not the shop's. */
export function thingOf(key: string): Thing | undefined {
  for (const [form, thing] of forms) {
    const part = form.exec(key)?.[1];
    if (part !== undefined) return thing(part);
  }
  return undefined;
}

export const productValue = ({ id, sku, name, stock, price }: Product): string =>
  JSON.stringify({ id, sku, name, stock, price });

export const stockValue = ({ stock }: Product): string => String(stock);

export const skuValue = ({ id, sku, price }: Product): string => JSON.stringify({ id, sku, price });

/** A category's page: the ids of what is on sale in it, in order; an empty list if there is nothing. */
export const categoryValue = (ids: readonly number[]): string => JSON.stringify(ids);
