import { describe, expect, test } from 'vitest';
import type { CachedValue } from '../../../src/domain/cached-value.js';
import type { DbRow } from '../../../src/domain/db-row.js';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import { type Look, judge } from '../../../src/reconcile/judge.js';
import { type ShopOptions, categoryKey, checkOf, held, skuKey, stockKey, suspectAt } from './support.js';

const look = (
  cached: CachedValue | string,
  rows: readonly DbRow[] = [],
  others: readonly DbRow[][] = [],
): Look => ({
  held: typeof cached === 'string' ? held(cached) : cached,
  rows,
  othersRows: others,
});
const absent = { kind: 'absent' } as const;
const list = { kind: 'other', type: 'list', digest: 'd' } as const;
const kindOf = (
  key: KeyMapping,
  at: { key: string; by: DbRow; field?: string },
  seen: Look,
  options?: ShopOptions,
) => judge(suspectAt(checkOf(key, options), at.key, at.by, { field: at.field }), seen)?.kind;
const one = { key: 'p:1', by: [1] };

describe('a value with a row', () => {
  test('is right if the row says the same', () => {
    expect(kindOf(stockKey, one, look('3', [[1, 3]]))).toBeUndefined();
  });

  test('is stale if the row says something else, which is told with the row and without values', () => {
    expect(judge(suspectAt(checkOf(stockKey), 'p:1', [1]), look('5', [[1, 3]]))).toEqual({
      kind: 'stale',
      differs: 'column stock',
      row: [1, 3],
    });
  });

  test('is unparseable if it is of another type', () => {
    expect(kindOf(stockKey, one, look(list, [[1, 3]]))).toBe('unparseable');
  });

  test('that no mapping declares is never wrong', () => {
    expect(kindOf({ key: 'p:{id}' }, one, look('whatever', [[1]]))).toBeUndefined();
  });

  test('is compared with the row that makes its key, whatever else the lookup found', () => {
    const found: DbRow[] = [
      ['abc', 2, 9],
      ['ABC', 1, 3],
    ];
    expect(kindOf(skuKey, { key: 's:ABC', by: ['ABC'] }, look('3', found))).toBeUndefined();
  });
});

describe('a value that is not in the cache', () => {
  test('is fine', () => {
    expect(kindOf(stockKey, one, look(absent, [[1, 3]]))).toBeUndefined();
  });

  test('is missing if the mapping expects it and a row feeds it', () => {
    const expected: KeyMapping = { ...stockKey, expect: 'present' };
    expect(kindOf(expected, one, look(absent, [[1, 3]]))).toBe('missing');
    expect(kindOf(expected, one, look(absent, []))).toBeUndefined();
  });

  test('is not expected of a row that is marked as gone', () => {
    const expected: KeyMapping = { ...stockKey, expect: 'present' };
    const gone = { gone: { deleted_at: 'notNull' } } as const;
    expect(kindOf(expected, one, look(absent, [[1, 3, '2026-01-01 00:00:00']]), gone)).toBeUndefined();
    expect(kindOf(expected, one, look(absent, [[1, 3, null]]), gone)).toBe('missing');
  });
});

describe('a value without a row', () => {
  test('is an orphan if its key holds the row key', () => {
    expect(judge(suspectAt(checkOf(stockKey), 'p:1', [1]), look('5'))).toEqual({
      kind: 'orphan',
      differs: 'its row is gone',
      row: undefined,
    });
  });

  test('is an orphan if its row is marked as gone', () => {
    const gone = { gone: { deleted_at: 'notNull' } } as const;
    const seen = look('3', [[1, 3, '2026-01-01 00:00:00']]);
    expect(judge(suspectAt(checkOf(stockKey, gone), 'p:1', [1]), seen)).toEqual({
      kind: 'orphan',
      differs: 'its row is marked as gone',
      row: undefined,
    });
  });

  test('has moved if the row has other values now, and the row is told', () => {
    const key: KeyMapping = { key: 'p:{id}:{sku}', value: { kind: 'string', column: 'stock' } };
    expect(judge(suspectAt(checkOf(key), 'p:1:old', [1]), look('5', [[1, 'new', 3]]))).toEqual({
      kind: 'secondary_key_moved',
      differs: 'no row has these values',
      row: [1, 'new', 3],
    });
  });

  test('has moved if no row has the values that its key shows', () => {
    expect(kindOf(categoryKey, { key: 'c:7', by: [7] }, look('5'))).toBe('secondary_key_moved');
    expect(kindOf(categoryKey, { key: 'c:7', by: [7] }, look('5', [[7]]))).toBeUndefined();
  });

  test('is no orphan while another reading of its key finds a row', () => {
    const key: KeyMapping = { key: 'p:{id}:{sku}' };
    const check = checkOf(key);
    const others = [suspectAt(check, 'p:1:x', [2])];
    const suspect = suspectAt(check, 'p:1:x', [1], { others });
    expect(judge(suspect, look('5', [], [[[1, 'x']]]))).toBeUndefined();
    expect(judge(suspect, look('5', [], [[[1, 'y']]]))?.kind).toBe('orphan');
  });
});

test('a value is right if a row of another shard feeds its key, too, and shows it', () => {
  const check = checkOf(stockKey);
  const suspect = suspectAt(check, 'p:1', [1], { others: [suspectAt(check, 'p:1', [1])] });
  expect(judge(suspect, look('5', [[1, 3]], [[[1, 5]]]))).toBeUndefined();
  expect(judge(suspect, look('5', [[1, 3]], [[[1, 4]]]))?.kind).toBe('stale');
});

describe('a field of a hash', () => {
  const key: KeyMapping = { key: 'h', field: '{id}', value: { kind: 'string', column: 'stock' } };

  test('belongs to the row that makes the field', () => {
    expect(kindOf(key, { key: 'h', by: [1], field: '1' }, look('5', [[1, 3]]))).toBe('stale');
    expect(kindOf(key, { key: 'h', by: [1], field: '1' }, look('5', [[2, 3]]))).toBe('secondary_key_moved');
  });
});
