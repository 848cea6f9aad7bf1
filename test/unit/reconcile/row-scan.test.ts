import { describe, expect, test, vi } from 'vitest';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import { type RowScanOptions, scanRows } from '../../../src/reconcile/row-scan.js';
import { type Stored, memoryCache } from './memory-cache.js';
import { type Row, memoryTables } from './memory-tables.js';
import {
  type ShopOptions,
  checksOf,
  collect,
  freeBrake,
  likenesses,
  products,
  signal,
  stockKey,
  tableIn,
} from './support.js';

interface Scan {
  readonly rows: readonly Row[];
  readonly cached: Readonly<Record<string, Stored>>;
  readonly rowsMax?: number;
  readonly after?: string;
  readonly options?: Partial<RowScanOptions>;
}

/** What a scan of the whole table finds. */
async function scan(keys: readonly KeyMapping[], { rows, cached, ...more }: Scan, shop?: ShopOptions) {
  const tables = memoryTables();
  tables.put(products, ...rows);
  const counts: Record<string, [compared: number, absent: number]> = {};
  const ways: string[] = [];
  const observe: RowScanOptions['observe'] = {
    compared(check, compared, absent) {
      const [one, other] = counts[check.template.mapping.key] ?? [0, 0];
      counts[check.template.mapping.key] = [one + compared, other + absent];
    },
    differs: (_check, how) => void ways.push(how),
  };
  const { rowsMax = 100, after } = more;
  const options = { tables, cache: memoryCache(cached), brake: freeBrake, rowsMax, observe, ...more.options };
  const pages = await collect(scanRows(tableIn(checksOf(keys, shop)), after, options, signal));
  const suspects = pages.flatMap((page) => page.suspects);
  return { pages, tables, counts, ways, suspects, places: suspects.map(placeOf) };
}
const placeOf = ({ key, field }: { key: string; field: string | undefined }): string =>
  field === undefined ? key : `${key} ${field}`;
const stocks = (...values: readonly number[]): Row[] =>
  values.map((stock, index) => ({ id: index + 1, stock }));

describe('pages', () => {
  test('every row is read once, and each page tells where to go on', async () => {
    const found = await scan([stockKey], {
      rows: stocks(...Array<number>(25).fill(3)),
      cached: {},
      rowsMax: 10,
    });
    expect(found.pages.map(({ rows, next }) => [rows, next])).toEqual([
      [10, '[10]'],
      [10, '[20]'],
      [5, '[25]'],
    ]);
    expect(found.counts).toEqual({ 'p:{id}': [0, 25] });
  });

  test('a table whose last page is full ends all the same', async () => {
    const found = await scan([stockKey], { rows: stocks(1, 1, 1, 1), cached: {}, rowsMax: 2 });
    expect(found.pages.map(({ rows }) => rows)).toEqual([2, 2]);
  });

  test('an empty table has no pages', async () => {
    expect((await scan([stockKey], { rows: [], cached: {} })).pages).toEqual([]);
  });

  test.each([
    ['[1]', ['p:2', 'p:3']],
    ['[3]', []],
  ])('a scan that goes on behind %s sees neither less nor more', async (after, places) => {
    const cached = { 'p:1': '9', 'p:2': '9', 'p:3': '9' };
    expect((await scan([stockKey], { rows: stocks(1, 1, 1), cached, rowsMax: 1, after })).places).toEqual(
      places,
    );
  });

  test('pages are read ahead, but not many: memory does not grow with the table', async () => {
    const tables = memoryTables();
    tables.put(products, ...stocks(...Array<number>(20).fill(1)));
    const observe = { compared: vi.fn(), differs: vi.fn() };
    const options = { tables, cache: memoryCache(), brake: freeBrake, rowsMax: 1, observe };
    const pages = scanRows(tableIn(checksOf([stockKey])), undefined, options, signal);
    for (let handedOver = 1; handedOver <= 10; handedOver += 1) {
      await pages.next();
      expect(tables.pages.length).toBeGreaterThan(handedOver);
      expect(tables.pages.length).toBeLessThanOrEqual(handedOver + 3);
    }
  });

  test('each page and each comparison is asked of the brake', async () => {
    const brake = { rows: vi.fn().mockResolvedValue(undefined), ops: vi.fn().mockResolvedValue(undefined) };
    const keys = [stockKey, { ...stockKey, key: 'q:{id}' }];
    await scan(keys, { rows: stocks(1, 1, 1), cached: {}, rowsMax: 2, options: { brake } });
    expect(brake.rows.mock.calls.map(([count]) => count as number)).toEqual([2, 2]);
    expect(brake.ops.mock.calls.map(([count]) => count as number)).toEqual([4, 2]);
  });

  test('an error of the page that is read ahead is told, when its turn comes', async () => {
    const tables = memoryTables();
    tables.put(products, ...stocks(1, 1));
    const page = vi.fn().mockImplementationOnce(tables.page).mockRejectedValue(new Error('away'));
    const options = { tables: { page } };
    await expect(scan([stockKey], { rows: [], cached: {}, rowsMax: 1, options })).rejects.toThrow('away');
  });
});

describe('what is suspect', () => {
  test('a text that differs from its row; what is equal or absent is not', async () => {
    const found = await scan([stockKey], { rows: stocks(3, 3, 3), cached: { 'p:1': '3', 'p:2': '5' } });
    expect(found.suspects).toEqual([expect.objectContaining({ key: 'p:2', field: undefined, by: [2] })]);
    expect(found.counts).toEqual({ 'p:{id}': [2, 1] });
    expect(found.ways).toEqual(['column stock']);
  });

  test('a hash of which a declared field differs', async () => {
    const key: KeyMapping = { key: 'h:{id}', value: { kind: 'hash', columns: { s: 'stock' } } };
    const cached = {
      'h:1': new Map([['s', '3']]),
      'h:2': new Map([['s', '4']]),
      'h:3': new Map([['x', '4']]),
    };
    const found = await scan([key], { rows: stocks(3, 3, 3), cached });
    expect(found.places).toEqual(['h:2']);
    expect(found.counts).toEqual({ 'h:{id}': [2, 1] });
  });

  test('a field of a hash that differs from its row', async () => {
    const key: KeyMapping = { key: 'h', field: '{id}', value: { kind: 'string', column: 'stock' } };
    const cached = {
      h: new Map([
        ['1', '3'],
        ['2', '4'],
      ]),
    };
    expect((await scan([key], { rows: stocks(3, 3, 3), cached })).places).toEqual(['h 2']);
  });

  test('a key of another type, in the words in which it is told once it is confirmed', async () => {
    const hash: KeyMapping = { key: 'h:{id}', value: { kind: 'hash', columns: { s: 'stock' } } };
    const field: KeyMapping = { key: 'f', field: '{id}', value: { kind: 'string', column: 'stock' } };
    const found = await scan([hash, field], {
      rows: stocks(3),
      cached: { 'h:1': '{}', f: { type: 'list' } },
    });
    expect(found.places).toEqual(['h:1', 'f 1']);
    expect(found.ways).toEqual(['a string instead of a hash', 'a list instead of a string']);
  });

  test('a value whose row is marked as gone, whatever it holds', async () => {
    const rows = [
      { id: 1, stock: 3, deleted_at: '2026-01-01 00:00:00' },
      { id: 2, stock: 3, deleted_at: null },
    ];
    const shop = { gone: { deleted_at: 'notNull' } } as const;
    const found = await scan([stockKey], { rows, cached: { 'p:1': '3', 'p:2': '3' } }, shop);
    expect(found.places).toEqual(['p:1']);
    expect(found.ways).toEqual(['its row is marked as gone']);
  });

  test('what is absent, if the mapping expects it; but not of rows that are gone, nor of those that feed nothing', async () => {
    const rows = [
      { id: 1, stock: 3 },
      { id: 2, stock: 3, deleted_at: '2026-01-01 00:00:00' },
      { id: null, stock: 3 },
    ];
    const shop = { gone: { deleted_at: 'notNull' } } as const;
    const found = await scan([{ ...stockKey, expect: 'present' }], { rows, cached: {} }, shop);
    expect(found.places).toEqual(['p:1']);
    expect(found.ways).toEqual([]);
  });

  test('a row whose field is NULL feeds nothing: the hash is not suspect for its sake', async () => {
    const key: KeyMapping = {
      key: 'h:{id}',
      field: '{sku}',
      value: { kind: 'string', column: 'stock' },
      expect: 'present',
    };
    const found = await scan([key], { rows: [{ id: 1, sku: null, stock: 3 }], cached: { 'h:1': new Map() } });
    expect(found.places).toEqual([]);
    expect(found.counts).toEqual({ 'h:{id}': [0, 0] });
  });
});

test('a mapping that takes strings for hashes is recognised as wrong', async () => {
  const key: KeyMapping = { key: 'h:{id}', value: { kind: 'hash', columns: { s: 'stock' } } };
  const rows = stocks(...Array<number>(60).fill(3));
  const cached = Object.fromEntries(rows.map(({ id }) => [`h:${String(id)}`, '{"s":3}']));
  const likenessOf = likenesses();
  const found = await scan([key], {
    rows,
    cached,
    options: {
      observe: {
        compared(check, compared) {
          likenessOf(check).compared(compared);
        },
        differs(check, how) {
          likenessOf(check).differs(how);
        },
      },
    },
  });
  const [suspect] = found.suspects;
  expect(suspect && likenessOf(suspect.check).mismatch()).toEqual({
    compared: 60,
    alike: 60,
    differs: 'a string instead of a hash',
  });
});
