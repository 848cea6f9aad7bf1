import { describe, expect, test } from 'vitest';
import type { RowChange } from '../../../src/domain/change.js';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import { judge } from '../../../src/reconcile/judge.js';
import { collectRecent } from '../../../src/reconcile/recent.js';
import { exactly, insert, remove, update } from '../mapping/support.js';
import {
  type ShopOptions,
  categoryKey,
  checksOf,
  checksOfTables,
  held,
  named,
  present,
  schemaWith,
  skuKey,
  stockKey,
} from './support.js';

function collect(checks: ReturnType<typeof checksOf>, changes: readonly RowChange[], placesMax = 100) {
  const places = collectRecent(checks, placesMax);
  for (const change of changes) places.add(change);
  const { suspects, dropped } = places;
  return {
    suspects,
    dropped,
    places: suspects.map(({ key, field, by }) => [key, ...(field ? [field] : []), ...by]),
  };
}
const recentOf = (keys: readonly KeyMapping[], changes: readonly RowChange[], options?: ShopOptions) =>
  collect(checksOf(keys, options), changes);
const row = { id: 1, sku: 'a', stock: 3, category_id: 7 };

describe('places that changes could have made stale', () => {
  test('are those of both images, each once', () => {
    const changes = [update(row, { ...row, sku: 'b' }), insert(row), remove({ ...row, sku: 'b' })];
    expect(recentOf([stockKey, skuKey], changes).places).toEqual([
      ['p:1', 1],
      ['s:a', 'a'],
      ['s:b', 'b'],
    ]);
  });

  test('are fields of hashes, too', () => {
    expect(recentOf([{ key: 'h:{category_id}', field: '{id}' }], [insert(row)]).places).toEqual([
      ['h:7', '1', 1],
    ]);
  });

  test('are none for other tables', () => {
    const change: RowChange = { operation: 'insert', table: named('x'), after: row };
    expect(recentOf([stockKey], [change]).places).toEqual([]);
  });

  test.each([
    ['NULL', { ...row, sku: null }],
    ['not carried', { id: 1 }],
    ['nothing that can be part of a key', { ...row, sku: { a: 1 } }],
  ])('are none where a column is %s', (_what, image) => {
    expect(recentOf([skuKey], [insert(image)]).places).toEqual([]);
  });

  test('are kept for each template that makes the same key', () => {
    const prices: KeyMapping = { key: 'p:{id}', value: { kind: 'json', columns: { price: 'price' } } };
    expect(recentOf([stockKey, prices], [insert(row)]).suspects.map(({ check }) => check.id)).toEqual([
      'shop.products#0.0#p:{id}',
      'shop.products#1.0#p:{id}',
    ]);
  });

  test('are looked up with values as MySQL hands them over', () => {
    const schema = {
      columns: [{ name: 'id', type: 'binary', nullable: false }],
      uniqueKeys: [['id']],
    };
    const image = { id: Buffer.from('x').toString('base64') };
    expect(recentOf([{ key: 'b:{id}' }], [insert(image)], { schema }).suspects[0]?.by).toEqual([
      Buffer.from('x'),
    ]);
  });

  test('are dropped and counted beyond the limit', () => {
    const changes = Array.from({ length: 10 }, (_, id) => insert({ ...row, id }));
    const { places, dropped } = collect(checksOf([stockKey]), changes, 4);
    expect([places.length, dropped]).toEqual([4, 6]);
  });

  test('are none of templates by which no row can be found', () => {
    expect(
      recentOf([{ key: 'all' }, { key: 'n:{stock}' }, { key: 's:{sku|lower}' }], [insert(row)]).places,
    ).toEqual([]);
  });

  test('are those of a hashed key whose value can be compared', () => {
    const key: KeyMapping = { ...stockKey, key: 'p:{id|md5}' };
    expect(recentOf([key], [insert(row)]).suspects.map(({ by }) => by)).toEqual([[1]]);
  });
});

describe('a key whose row is deleted', () => {
  const kindOf = (checks: ReturnType<typeof checksOf>, othersRows: (string | number)[][][] = []) => {
    const suspect = present(collect(checks, [remove(row)]).suspects[0]);
    return judge(suspect, { held: held('3'), rows: [], othersRows })?.kind;
  };

  test('is an orphan', () => {
    expect(kindOf(checksOf([stockKey]))).toBe('orphan');
    expect(kindOf(checksOf([{ ...stockKey, key: 'p:{id|md5}' }]))).toBe('orphan');
  });

  test('is none while a row of another table feeds it', () => {
    const brands = named('brands');
    const mappings = [exactly([{ key: 'x:{id}' }]), exactly([{ key: 'x:{id}' }], brands)];
    const checks = checksOfTables(mappings, { schemas: [schemaWith(), schemaWith({ table: brands })] });
    expect(kindOf(checks, [[[1]]])).toBeUndefined();
    expect(kindOf(checks, [[]])).toBe('orphan');
  });

  test('is none for sure while a row may feed it that cannot be looked up', () => {
    expect(kindOf(checksOf([{ key: 'x:{id}' }, { key: 'x:{stock}' }]))).toBeUndefined();
  });

  test('is none for sure while another template, whose rows cannot be told, may have made it', () => {
    const checks = checksOf([stockKey, { key: '{sku|lower}:1' }]);
    expect(checks.keyParser.trace('p:1').kind).toBe('outside');
    expect(kindOf(checks)).toBeUndefined();
  });
});

test('a category is looked at once, however many of its rows changed', () => {
  const changes = [1, 2, 3].map((id) => insert({ ...row, id }));
  expect(recentOf([categoryKey], changes).places).toEqual([['c:7', 7]]);
});
