import type { RowChange, RowImage } from '../../../src/domain/change.js';
import { compileMapping, type MappingOptions, type TablePlan } from '../../../src/mapping/mapping.js';
import type { KeyMapping, TableMapping } from '../../../src/mapping/table-mapping.js';

export const products = { db: 'shop', table: 'products' };

export const exactly = (keys: readonly KeyMapping[], table = products): TableMapping => ({
  name: `${table.db}.${table.table}`,
  match: { kind: 'exact', table },
  keys,
});

export const matching = (pattern: RegExp, keys: readonly KeyMapping[]): TableMapping => ({
  name: String(pattern),
  match: { kind: 'pattern', pattern },
  keys,
});

export function planOf(keys: readonly KeyMapping[], options?: MappingOptions): TablePlan {
  const plan = compileMapping([exactly(keys)], options).planFor(products);
  if (plan === undefined) throw new Error('the mapping names no such table');
  return plan;
}

export const insert = (after: RowImage): RowChange => ({ operation: 'insert', table: products, after });
export const remove = (before: RowImage): RowChange => ({ operation: 'delete', table: products, before });
export const update = (before: RowImage, after: RowImage, changed?: readonly string[]): RowChange => ({
  operation: 'update',
  table: products,
  before,
  after,
  changed: changed ?? Object.keys(after).filter((name) => before[name] !== after[name]),
});
