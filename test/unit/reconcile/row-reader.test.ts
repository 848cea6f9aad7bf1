import { describe, expect, test } from 'vitest';
import type { DbRow, DbValue } from '../../../src/domain/db-row.js';
import type { GoneWhen, KeyMapping } from '../../../src/mapping/table-mapping.js';
import { createRowReader } from '../../../src/reconcile/row-reader.js';
import { checkOf } from './support.js';

const columns = ['stock', 'id', 'sku', 'deleted_at'];
const row: DbRow = [3, 1, 'a', null];

function readerOf(key: KeyMapping, gone: Readonly<Record<string, GoneWhen>> = {}) {
  const { variant, comparer } = checkOf(key);
  return createRowReader(columns, { variant, comparer, gone });
}

describe('what a template makes of a row', () => {
  test('its key, its field and the columns that are compared, wherever they stand', () => {
    const reader = readerOf({
      key: 'h:{id}',
      field: '{sku}',
      value: { kind: 'json', columns: { s: 'sku', n: 'stock' } },
    });
    expect([reader.key(row), reader.field(row), reader.value(row)]).toEqual(['h:1', 'a', ['a', 3]]);
  });

  test('no key and no field where a column is NULL', () => {
    const reader = readerOf({ key: 'h:{id}', field: '{sku}' });
    expect([reader.key([3, null, 'a', null]), reader.field([3, 1, null, null])]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('no field where the template has none, and no value where none is declared', () => {
    const reader = readerOf({ key: 'p:{id}' });
    expect([reader.field(row), reader.value(row)]).toEqual([undefined, []]);
  });

  test('a row that holds just the compared columns is its value', () => {
    const { variant, comparer } = checkOf({ key: 'p:{id}', value: { kind: 'string', column: 'id' } });
    expect(createRowReader(['id'], { variant, comparer, gone: {} }).value([7])).toEqual([7]);
  });
});

describe('a row is gone', () => {
  const isGone = (when: GoneWhen, value: DbValue): boolean =>
    readerOf({ key: 'p:{id}' }, { deleted_at: when }).isGone([3, 1, 'a', value]);

  test.each<[GoneWhen, DbValue, boolean]>([
    ['notNull', '2026-01-01 00:00:00', true],
    ['notNull', 0, true],
    ['notNull', null, false],
    ['null', null, true],
    ['null', '', false],
    [{ is: '1' }, 1, true],
    [{ is: '1' }, '1', true],
    [{ is: '1' }, 0, false],
    [{ is: 'null' }, null, false],
    [{ is: 'yes' }, Buffer.from('yes'), true],
    [{ is: '' }, '', true],
  ])('%j: a column that holds %j: %s', (when, value, expected) => {
    expect(isGone(when, value)).toBe(expected);
  });

  test('if one sign of several says so, and never without signs', () => {
    const gone = { deleted_at: 'notNull', stock: { is: '0' } } as const;
    const reader = readerOf({ key: 'p:{id}' }, gone);
    expect([reader.isGone([0, 1, 'a', null]), reader.isGone([3, 1, 'a', null])]).toEqual([true, false]);
    expect(readerOf({ key: 'p:{id}' }).isGone(row)).toBe(false);
  });
});
