import { describe, expect, test } from 'vitest';
import type { KeyMapping, TableMapping } from '../../../src/mapping/table-mapping.js';
import { exactly, matching } from '../mapping/support.js';
import {
  type ShopOptions,
  categoryKey,
  checkOf,
  checksOf,
  checksOfTables,
  named,
  present,
  products,
  schemaWith,
  skuKey,
  stockKey,
  tableIn,
} from './support.js';

const coverageOf = (key: KeyMapping, options?: ShopOptions) => present(checksOf([key], options).coverage[0]);

describe('coverage, as a report tells it', () => {
  test.each<[string, KeyMapping, boolean, boolean, string]>([
    ['a value under a key of its row', stockKey, true, true, ''],
    ['no value', { key: 'p:{id}' }, false, true, 'no value is declared'],
    [
      'a value that several rows feed',
      { key: 'c:{category_id}', value: { kind: 'string', column: 'stock' } },
      false,
      true,
      'several rows may feed one of its keys',
    ],
    ['a hashed key', { ...stockKey, key: 'p:{id|md5}' }, true, false, 'md5 cannot be turned back'],
    [
      'a key that rows may share in lower case',
      { key: 's:{sku|lower}', value: { kind: 'string', column: 'stock' } },
      false,
      false,
      'several rows may feed one of its keys; lower cannot be turned back',
    ],
    ['a key without a column', { key: 'all' }, false, false, 'no value is declared; no column in its key'],
    [
      'a key whose lookup would read the whole table',
      { key: 'n:{stock}' },
      false,
      false,
      'no value is declared; no index begins with stock, and looking them up would read the whole table',
    ],
  ])('%s', (_what, key, values, keys, why) => {
    expect(coverageOf(key)).toEqual({ table: 'shop.products', template: key.key, values, keys, why });
  });

  test('a field of a hash is named beside its key', () => {
    expect(coverageOf({ key: 'h', field: '{id}' }).template).toBe('h [{id}]');
  });

  test('a value that cannot be compared tells its type', () => {
    const schema = { columns: [...schemaWith().columns, { name: 'place', type: 'point', nullable: true }] };
    const { values, why } = coverageOf(
      { key: 'p:{id}', value: { kind: 'string', column: 'place' } },
      { schema },
    );
    expect(values).toBe(false);
    expect(why).toBe('values of type point cannot be compared');
  });

  test('all variants of a template are as much outside as the first', () => {
    const key: KeyMapping = { key: 'p:{l}:{sku|md5}', with: { l: ['en', 'de', 'fr'] } };
    expect(checksOf([key]).coverage).toEqual([expect.objectContaining({ keys: false })]);
  });

  test('only tables that are asked for are covered', () => {
    const mappings = [exactly([stockKey]), exactly([stockKey], named('brands'))];
    const schemas = [schemaWith(), schemaWith({ table: named('brands') })];
    const isWanted = ({ table }: { table: { table: string } }) => table.table === 'brands';
    const checks = checksOfTables(mappings, { schemas, isWanted });
    expect(checks.coverage.map(({ table }) => table)).toEqual(['shop.brands']);
    expect(checks.tables.map(({ schema }) => schema.table.table)).toEqual(['brands']);
    expect(checks.byId.size).toBe(2);
  });
});

describe('values are compared', () => {
  test.each<[string, KeyMapping, boolean]>([
    ['of a template that holds the primary key', stockKey, true],
    ['of one that holds another unique key', skuKey, true],
    ['of one that holds more than a key', { ...stockKey, key: 'p:{id}:{category_id}' }, true],
    ['of a hashed key', { ...stockKey, key: 'p:{id|sha1}' }, true],
    ['of an escaped key', { ...skuKey, key: 's:{sku|url}' }, true],
    ['of a field that holds the key', { ...stockKey, key: 'h', field: '{id}' }, true],
    ['but not of one that holds no key', { ...stockKey, key: 'c:{category_id}' }, false],
    ['nor where two rows may be alike in lower case', { ...skuKey, key: 's:{sku|lower}' }, false],
    ['nor where they may be alike without spaces', { ...skuKey, key: 's:{sku|trim}' }, false],
    ['nor where lower case was hashed', { ...skuKey, key: 's:{sku|lower|sha1}' }, false],
    ['but where the key stands beside its lower case', { ...skuKey, key: 's:{sku|lower}:{sku}' }, true],
  ])('%s', (_what, key, compared) => {
    expect(checkOf(key).comparer !== undefined).toBe(compared);
  });

  test('nor where rows are alike by their month', () => {
    const schema = { uniqueKeys: [['deleted_at']] };
    const key: KeyMapping = {
      key: 'm:{deleted_at|date(YYYY-MM)}',
      value: { kind: 'string', column: 'stock' },
    };
    expect(checkOf(key, { schema }).comparer).toBeUndefined();
    expect(checkOf({ ...key, key: 'm:{deleted_at}' }, { schema }).comparer).toBeDefined();
  });

  test('only tables with something to compare, or to expect, are scanned', () => {
    expect(tableIn(checksOf([{ key: 'p:{id}' }])).compared).toEqual([]);
    expect(tableIn(checksOf([{ key: 'p:{id}', expect: 'present' }])).compared).toHaveLength(1);
    expect(tableIn(checksOf([stockKey])).compared).toHaveLength(1);
  });
});

describe('rows are found again', () => {
  const lookupOf = (key: KeyMapping, options?: ShopOptions) => {
    const { by, byRowKey, columns, distinct } = checkOf(key, options).lookup;
    return { by, byRowKey, columns, distinct };
  };

  test('by the row key, where the key holds it', () => {
    expect(lookupOf({ ...stockKey, key: 'p:{sku}:{id}' })).toEqual({
      by: ['id'],
      byRowKey: true,
      columns: ['id', 'sku', 'stock'],
      distinct: false,
    });
  });

  test('by another unique key, with the row key beside it', () => {
    expect(lookupOf(skuKey)).toEqual({
      by: ['sku'],
      byRowKey: false,
      columns: ['sku', 'id', 'stock'],
      distinct: false,
    });
  });

  test('by all of its columns otherwise, each combination once, whichever rows are gone', () => {
    const gone = { gone: { deleted_at: 'notNull' } } as const;
    expect(lookupOf(categoryKey, gone)).toEqual({
      by: ['category_id'],
      byRowKey: false,
      columns: ['category_id'],
      distinct: true,
    });
  });

  test('with what tells that a row is gone', () => {
    expect(lookupOf(stockKey, { gone: { deleted_at: 'notNull' } }).columns).toEqual([
      'id',
      'stock',
      'deleted_at',
    ]);
  });

  test('by values that stand where the scan, and the lookup, put them', () => {
    const { columns, compared } = tableIn(checksOf([{ ...stockKey, key: 'p:{sku}:{id}' }, categoryKey]));
    const lookup = present(compared[0]).lookup;
    expect(lookup.scannedAt.map((index) => columns[index])).toEqual(lookup.by);
    expect(lookup.foundAt.map((index) => lookup.columns[index])).toEqual(lookup.by);
  });
});

describe('a scan reads', () => {
  test('the row key, and each column once that some template shows, compares or takes as a sign', () => {
    const keys = [
      categoryKey,
      { ...stockKey, value: { kind: 'json', columns: { p: 'price', s: 'stock' } } } as const,
    ];
    const { columns } = tableIn(checksOf(keys, { gone: { deleted_at: 'notNull' } }));
    expect(columns.toSorted()).toEqual(['category_id', 'deleted_at', 'id', 'price', 'stock']);
  });
});

describe('several tables', () => {
  const shards = ['products_1', 'products_2'].map(named);
  const mapping: TableMapping = matching(/^shop\.products_(?<shard>\d)$/, [
    stockKey,
    { ...skuKey, key: '{shard}:{sku}' },
  ]);

  test('each shard has checks of its own, with ids of its own', () => {
    const schemas = shards.map((table) => schemaWith({ table }));
    const checks = checksOfTables([mapping], { schemas });
    expect([...checks.byId.keys()]).toEqual([
      'shop.products_1#0.0#p:{id}',
      'shop.products_1#1.0#{shard}:{sku}',
      'shop.products_2#0.0#p:{id}',
      'shop.products_2#1.0#{shard}:{sku}',
    ]);
  });

  test('a table that cannot be read has no checks, though its keys are known', () => {
    const schemas = shards.map((table) => schemaWith({ table }));
    const isUsable = ({ table }: { table: { table: string } }) => table.table === 'products_1';
    const checks = checksOfTables([mapping], { schemas, isUsable });
    expect(checks.tables.map(({ schema }) => schema.table.table)).toEqual(['products_1']);
    expect(checks.keyParser.trace('2:a').kind).toBe('rows');
  });

  test('a table that the mapping does not name is no business of ours', () => {
    expect(
      checksOfTables([exactly([stockKey], products)], { schemas: [schemaWith({ table: named('x') })] })
        .tables,
    ).toEqual([]);
  });
});
