import { describe, expect, test } from 'vitest';
import type { Eyes } from '../../../src/reconcile/look.js';
import { groupBy, lookAt, rowsOf } from '../../../src/reconcile/look.js';
import { memoryCache } from './memory-cache.js';
import { memoryTables } from './memory-tables.js';
import { categoryKey, checkIn, checksOf, held, products, skuKey, stockKey, suspectAt } from './support.js';

const checks = checksOf([stockKey, skuKey, categoryKey]);
const [byId, bySku, byCategory] = [0, 1, 2].map((at) => checkIn(checks, at)) as [
  ReturnType<typeof checkIn>,
  ReturnType<typeof checkIn>,
  ReturnType<typeof checkIn>,
];

describe('looking at suspects', () => {
  test('the cache is read before the rows: a row is never older than the value that it is compared with', async () => {
    const calls: string[] = [];
    const eyes: Eyes = {
      cache: {
        async snapshot() {
          await Promise.resolve();
          calls.push('cache');
          return [{ kind: 'absent' }];
        },
      },
      tables: {
        lookup() {
          calls.push('rows');
          return Promise.resolve([]);
        },
      },
    };
    await lookAt([suspectAt(byId, 'p:1', [1])], eyes);
    expect(calls).toEqual(['cache', 'rows']);
  });

  test('each suspect gets its value, its rows, and those of its other readings', async () => {
    const tables = memoryTables();
    tables.put(products, { id: 1, sku: 'a', stock: 3 }, { id: 2, sku: 'b', stock: 4 });
    const cache = memoryCache({ 'p:1': '3', 's:b': '5' });
    const others = [suspectAt(bySku, 's:a', ['a']), suspectAt(bySku, 's:x', ['x'])];
    const looks = await lookAt(
      [suspectAt(byId, 'p:1', [1]), suspectAt(bySku, 's:b', ['b']), suspectAt(byId, 'p:9', [9], { others })],
      { cache, tables },
    );
    expect(looks).toEqual([
      { held: held('3'), rows: [[1, 3]], othersRows: [] },
      { held: held('5'), rows: [['b', 2, 4]], othersRows: [] },
      { held: { kind: 'absent' }, rows: [], othersRows: [[['a', 1, 3]], []] },
    ]);
  });

  test('a hash is asked for its declared fields, a field for itself', async () => {
    const key = { key: 'h:{id}', value: { kind: 'hash', columns: { s: 'stock' } } } as const;
    const cache = memoryCache({ 'h:1': new Map([['s', '3']]), f: new Map([['1', '3']]) });
    const hash = suspectAt(checkIn(checksOf([key])), 'h:1', [1]);
    const field = suspectAt(checkIn(checksOf([{ key: 'f', field: '{id}' }])), 'f', [1], { field: '1' });
    const looks = await lookAt([hash, field], { cache, tables: memoryTables() });
    expect(looks.map((look) => look.held)).toEqual([{ kind: 'hash', values: [Buffer.from('3')] }, held('3')]);
  });
});

describe('the rows of suspects', () => {
  test('are asked for once for all suspects of a template, at most 1,000 values at a time', async () => {
    const tables = memoryTables();
    const suspects = Array.from({ length: 2_500 }, (_, id) => suspectAt(byId, `p:${id}`, [id]));
    await rowsOf([...suspects, suspectAt(bySku, 's:a', ['a'])], tables);
    expect(tables.lookups.map(({ by, values }) => [by, values.length])).toEqual([
      [['id'], 1_000],
      [['id'], 1_000],
      [['id'], 500],
      [['sku'], 1],
    ]);
  });

  test('equal values are asked for once', async () => {
    const tables = memoryTables();
    tables.put(products, { id: 1, sku: 'a', category_id: 7 }, { id: 2, sku: 'b', category_id: 7 });
    const suspects = [suspectAt(byCategory, 'c:7', [7]), suspectAt(byCategory, 'c:7', ['7'])];
    const rows = await rowsOf(suspects, tables);
    expect(tables.lookups.map(({ values, distinct }) => [values.length, distinct])).toEqual([[1, true]]);
    expect(suspects.map((suspect) => rows.get(suspect))).toEqual([[[7]], [[7]]]);
  });

  test('a row that the database calls equal belongs to the key that it makes', async () => {
    const suspect = suspectAt(bySku, 's:ABC', ['abc']);
    const rows = await rowsOf([suspect], { lookup: () => Promise.resolve([['ABC', 1, 3]]) });
    expect(rows.get(suspect)).toEqual([['ABC', 1, 3]]);
  });

  test('a row that makes another key now is found by the values', async () => {
    const moved = checkIn(checksOf([{ key: 'p:{id}:{sku}' }]));
    const suspect = suspectAt(moved, 'p:1:old', [1]);
    const rows = await rowsOf([suspect], { lookup: () => Promise.resolve([[1, 'new']]) });
    expect(rows.get(suspect)).toEqual([[1, 'new']]);
  });

  test('bytes and their text are not taken for each other', async () => {
    const check = checkIn(
      checksOf([{ key: 'b:{id}' }], {
        schema: { columns: [{ name: 'id', type: 'binary', nullable: false }] },
      }),
    );
    const suspects = [Buffer.from('a'), Buffer.from('b')].map((id) =>
      suspectAt(check, `b:${id.toString('base64')}`, [id]),
    );
    const rows = await rowsOf(suspects, { lookup: () => Promise.resolve([[Buffer.from('a')]]) });
    expect(suspects.map((suspect) => rows.get(suspect)?.length)).toEqual([1, 0]);
  });
});

test('grouping keeps the order of groups and of what is in them', () => {
  expect([...groupBy([3, 1, 4, 5, 2], (value) => value % 2)]).toEqual([
    [1, [3, 1, 5]],
    [0, [4, 2]],
  ]);
});
