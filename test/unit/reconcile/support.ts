import type { TableName } from '../../../src/domain/change.js';
import type { DbRow } from '../../../src/domain/db-row.js';
import { compileMapping } from '../../../src/mapping/mapping.js';
import type { GoneWhen, KeyMapping, TableMapping } from '../../../src/mapping/table-mapping.js';
import type { TableSchema } from '../../../src/mapping/table-schema.js';
import type { Brake } from '../../../src/reconcile/brake.js';
import {
  type Checks,
  type TableCheck,
  type TemplateCheck,
  createChecks,
} from '../../../src/reconcile/checks.js';
import type { Confirmed } from '../../../src/reconcile/confirm.js';
import type { Likeness } from '../../../src/reconcile/likeness.js';
import { createLikeness } from '../../../src/reconcile/likeness.js';
import { type RunOrder, type RunState, newRun } from '../../../src/reconcile/run-state.js';
import type { Suspect } from '../../../src/reconcile/suspect.js';
import { exactly, products } from '../mapping/support.js';

export { products } from '../mapping/support.js';

export const TYPES: Readonly<Record<string, string>> = {
  id: 'int',
  sku: 'varchar',
  stock: 'int',
  price: 'decimal',
  category_id: 'int',
  deleted_at: 'datetime',
};

/** A table with the primary key `id` and the unique key `sku`. */
export const schemaWith = (fields: Partial<TableSchema> = {}): TableSchema => {
  const uniqueKeys = fields.uniqueKeys ?? [['id'], ['sku']];
  return {
    table: products,
    columns: Object.entries(TYPES).map(([name, type]) => ({ name, type, nullable: name === 'deleted_at' })),
    rowKey: uniqueKeys[0],
    uniqueKeys,
    indexedColumns: ['id', 'sku', 'category_id'],
    ...fields,
  };
};

export interface ShopOptions {
  readonly schema?: Partial<TableSchema>;
  readonly gone?: Readonly<Record<string, GoneWhen>>;
  readonly keyPrefix?: string;
}

/** The checks of one table. */
export const checksOf = (
  keys: readonly KeyMapping[],
  { schema, gone, keyPrefix = '' }: ShopOptions = {},
): Checks =>
  checksOfTables([{ ...exactly(keys, schema?.table), ...(gone === undefined ? {} : { gone }) }], {
    schemas: [schemaWith(schema)],
    keyPrefix,
  });

export const checksOfTables = (
  mappings: readonly TableMapping[],
  {
    schemas,
    keyPrefix = '',
    isUsable = () => true,
    isWanted = () => true,
  }: {
    readonly schemas: readonly TableSchema[];
    readonly keyPrefix?: string;
    readonly isUsable?: (schema: TableSchema) => boolean;
    readonly isWanted?: (schema: TableSchema) => boolean;
  },
): Checks =>
  createChecks(compileMapping(mappings, { keyPrefix }), schemas, { keyPrefix, isUsable, isWanted });

export const named = (table: string): TableName => ({ db: 'shop', table });

export const tableIn = ({ tables }: Checks, at = 0): TableCheck => present(tables[at]);
export const checkIn = (checks: Checks, at = 0): TemplateCheck => present(tableIn(checks).templates[at]);

export const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('the test expects it to be there');
  return value;
};

/** The check of a table's only template. */
export const checkOf = (key: KeyMapping, options?: ShopOptions): TemplateCheck =>
  checkIn(checksOf([key], options));

export const stockKey: KeyMapping = { key: 'p:{id}', value: { kind: 'string', column: 'stock' } };
export const skuKey: KeyMapping = { key: 's:{sku}', value: { kind: 'string', column: 'stock' } };
/** Several rows feed one of its keys. */
export const categoryKey: KeyMapping = { key: 'c:{category_id}' };

export const suspectAt = (
  check: TemplateCheck,
  key: string,
  by: DbRow,
  more: Partial<Suspect> = {},
): Suspect => ({ check, key, field: undefined, by, ...more });

export const held = (text: string) => ({ kind: 'string', value: Buffer.from(text) }) as const;

/** A product whose stock is 3 while the cache holds 5, as confirmed. */
export const staleStock = (
  id: number,
  more: Partial<Confirmed> = {},
  check = checkOf(stockKey),
): Confirmed => ({
  suspect: suspectAt(check, `p:${id}`, [id]),
  difference: {
    kind: 'stale',
    differs: 'column stock',
    row: check.lookup.columns.map((name) => (name === 'id' ? id : 3)),
  },
  held: held('5'),
  topicEnds: new Map(),
  ...more,
});

export const freeBrake: Pick<Brake, 'rows' | 'ops'> = {
  rows: () => Promise.resolve(),
  ops: () => Promise.resolve(),
};

export const signal = new AbortController().signal;

export const runWith = (order: Partial<RunOrder> = {}): RunState =>
  newRun(
    'run-1',
    { scope: 'full', trigger: 'command', tables: [], repair: true, force: false, ...order },
    Date.parse('2026-03-01T12:00:00Z'),
  );

export function likenesses(): (check: TemplateCheck) => Likeness {
  const known = new Map<TemplateCheck['template'], Likeness>();
  return ({ template }) => {
    const likeness = known.get(template) ?? createLikeness();
    known.set(template, likeness);
    return likeness;
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
