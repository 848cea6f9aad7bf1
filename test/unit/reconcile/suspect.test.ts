import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import { targetId } from '../../../src/domain/cache-key.js';
import type { DbValue } from '../../../src/domain/db-row.js';
import {
  type Suspect,
  parseRecords,
  recordOf,
  suspectId,
  suspectOf,
  targetOf,
} from '../../../src/reconcile/suspect.js';
import { categoryKey, checkIn, checkOf, checksOf, skuKey, stockKey, suspectAt } from './support.js';

const checks = checksOf([stockKey, skuKey, categoryKey]);
const dbValue: fc.Arbitrary<DbValue> = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.string({ unit: 'binary' }),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
);
const alone: fc.Arbitrary<Suspect> = fc
  .record({
    at: fc.nat(2),
    key: fc.string({ unit: 'binary' }),
    field: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    by: dbValue,
  })
  .map(({ at, key, field, by }) => suspectAt(checkIn(checks, at), key, [by], { field }));
const suspect = fc
  .record(
    {
      one: alone,
      others: fc.array(alone, { minLength: 1, maxLength: 3 }),
      mayBeFedUnseen: fc.constant(true),
    },
    { requiredKeys: ['one'] },
  )
  .map(({ one, ...more }): Suspect => ({ ...one, ...more }));

describe('a suspect that outlives the process', () => {
  test('is the same after it was written and read', () => {
    fc.assert(
      fc.property(suspect, (original) => {
        const [record] = parseRecords(JSON.parse(JSON.stringify([recordOf(original)])));
        expect(record && suspectOf(record, checks)).toEqual(original);
      }),
    );
  });

  test('is forgotten where the mapping does not know its template any more', () => {
    const record = recordOf(suspectAt(checkIn(checks), 'p:1', [1]));
    expect(suspectOf(record, checksOf([skuKey]))).toBeUndefined();
    expect(suspectOf(record, checksOf([{ key: 'p:{id}:{sku}' }]))).toBeUndefined();
  });

  test('is forgotten where its table has another row key now', () => {
    const record = recordOf(suspectAt(checkIn(checks), 'p:1', [1]));
    const rekeyed = checksOf([stockKey, skuKey, categoryKey], { schema: { uniqueKeys: [['id', 'stock']] } });
    expect(suspectOf({ ...record, by: [1, 2] }, rekeyed)).toBeUndefined();
  });

  test('may be fed unseen where one of its other readings is forgotten', () => {
    const others = [suspectAt(checkIn(checks, 2), 'p:1', [7])];
    const record = recordOf(suspectAt(checkIn(checks), 'p:1', [1], { others }));
    expect(suspectOf(record, checksOf([stockKey]))).toMatchObject({ others: [], mayBeFedUnseen: true });
  });

  test('is not read from what is no record', () => {
    expect(parseRecords(undefined)).toEqual([]);
    expect(parseRecords([{ check: 1 }])).toEqual([]);
    expect(parseRecords('[]')).toEqual([]);
  });
});

describe('the id of a place', () => {
  test('is that of the target, so that messages and retry jobs name the same place', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (key, field) => {
        const cacheKey = key as CacheKey;
        expect(suspectId({ key, field })).toBe(targetId(targetOf(cacheKey, field)));
      }),
    );
  });

  test('tells key and field apart', () => {
    const ids = [
      { key: 'ab', field: undefined },
      { key: 'a', field: 'b' },
      { key: '', field: 'ab' },
      { key: 'ab', field: '' },
    ].map(suspectId);
    expect(new Set(ids).size).toBe(4);
  });
});

test('the record of a check names the template in every process alike', () => {
  expect(recordOf(suspectAt(checkOf(stockKey), 'p:1', [1])).check).toBe('shop.products#0.0#p:{id}');
});
