import { describe, expect, test, vi } from 'vitest';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import { type KeyScanOptions, scanKeys } from '../../../src/reconcile/key-scan.js';
import { exactly } from '../mapping/support.js';
import { type Stored, memoryCache, memoryNode } from './memory-cache.js';
import { type Row, memoryTables } from './memory-tables.js';
import {
  type ShopOptions,
  categoryKey,
  checksOf,
  checksOfTables,
  collect,
  freeBrake,
  named,
  products,
  schemaWith,
  signal,
  skuKey,
  stockKey,
} from './support.js';

interface Scan {
  readonly rows?: readonly Row[];
  readonly cached?: Readonly<Record<string, Stored>>;
  readonly keysMax?: number;
  readonly options?: Partial<KeyScanOptions>;
  readonly cursor?: string;
}

async function scan(
  checks: ReturnType<typeof checksOf>,
  { rows = [], cached = {}, keysMax = 100, options = {}, cursor = '0' }: Scan,
) {
  const tables = memoryTables();
  tables.put(products, ...rows);
  const found: string[] = [];
  const unexplained: string[] = [];
  const ways: string[] = [];
  const cache = memoryCache(cached);
  const pages = await collect(
    scanKeys(
      memoryNode('a', new Map(Object.entries(cached))),
      cursor,
      {
        checks,
        tables,
        cache,
        brake: freeBrake,
        keysMax,
        observe: {
          found: (check, count) => void found.push(`${count} ${check.template.mapping.key}`),
          unexplained: (key) => void unexplained.push(key),
          differs: (_check, how) => void ways.push(how),
        },
        ...options,
      },
      signal,
    ),
  );
  const suspects = pages.flatMap((page) => page.suspects);
  const places = suspects.map(({ key, field }) => (field === undefined ? key : `${key} ${field}`));
  return { pages, tables, found, unexplained, ways, suspects, places };
}
const keysOnly = (keys: readonly KeyMapping[], shop?: ShopOptions) => checksOf(keys, shop);

describe('pages', () => {
  const cached = { 'p:1': '', 'p:2': '', 'p:3': '', 'p:4': '', 'p:5': '' };

  test('all keys are looked at, and each page tells the cursor to go on with', async () => {
    const { pages, places } = await scan(keysOnly([stockKey]), { cached, keysMax: 2 });
    expect(pages.map(({ keys, cursor }) => [keys, cursor])).toEqual([
      [2, '2'],
      [2, '4'],
      [1, '0'],
    ]);
    expect(places).toEqual(Object.keys(cached));
  });

  test('a scan goes on from a cursor', async () => {
    expect((await scan(keysOnly([stockKey]), { cached, keysMax: 2, cursor: '4' })).places).toEqual(['p:5']);
  });

  test('a key that SCAN hands over twice in a page is looked at once', async () => {
    const node = { scan: () => Promise.resolve({ cursor: '0', keys: ['p:1', 'p:1'], noStrings: [] }) };
    const checks = keysOnly([stockKey]);
    const observe = { found: vi.fn(), unexplained: vi.fn(), differs: vi.fn() };
    const options = {
      checks,
      tables: memoryTables(),
      cache: memoryCache(),
      brake: freeBrake,
      keysMax: 9,
      observe,
    };
    const [page] = await collect(scanKeys(node, '0', options, signal));
    expect(page?.suspects).toHaveLength(1);
  });

  test('scans and lookups are asked of the brake', async () => {
    const brake = { rows: vi.fn().mockResolvedValue(undefined), ops: vi.fn().mockResolvedValue(undefined) };
    await scan(keysOnly([stockKey]), { cached, keysMax: 3, options: { brake } });
    expect(brake.ops.mock.calls.map(([count]) => count as number)).toEqual([3, 3]);
    expect(brake.rows.mock.calls.map(([count]) => count as number)).toEqual([3, 2]);
  });
});

describe('keys', () => {
  test('whose row exists are fine, the others are suspect', async () => {
    const { places, found, suspects } = await scan(keysOnly([stockKey]), {
      rows: [{ id: 1, stock: 3 }],
      cached: { 'p:1': '9', 'p:2': '3' },
    });
    expect(places).toEqual(['p:2']);
    expect(suspects[0]?.by).toEqual([2]);
    expect(found).toEqual(['2 p:{id}']);
  });

  test('whose row is marked as gone are suspect', async () => {
    const checks = keysOnly([stockKey], { gone: { deleted_at: 'notNull' } });
    const rows = [{ id: 1, stock: 3, deleted_at: '2026-01-01 00:00:00' }];
    expect((await scan(checks, { rows, cached: { 'p:1': '3' } })).places).toEqual(['p:1']);
  });

  test('of several rows are suspect only if no row has the values any more', async () => {
    const rows = [
      { id: 1, category_id: 7 },
      { id: 2, category_id: 7 },
    ];
    const { places } = await scan(keysOnly([categoryKey]), { rows, cached: { 'c:7': '', 'c:8': '' } });
    expect(places).toEqual(['c:8']);
  });

  test('under our prefixes that no template explains are told; foreign ones are not', async () => {
    const checks = keysOnly([stockKey], { keyPrefix: 'app:' });
    const cached = { 'app:p:x': '', 'app:other': '', 'p:1': '', 'app:p:1': '' };
    const { unexplained, places } = await scan(checks, { cached });
    expect(unexplained).toEqual(['app:p:x']);
    expect(places).toEqual(['app:p:1']);
  });

  test('whose row cannot be told are left alone', async () => {
    const checks = keysOnly([{ key: 'm:{sku|md5}' }, { key: 'all' }]);
    const cached = { 'm:0cc175b9c0f1b6a831c399e269772661': '', all: '' };
    const { places, unexplained, tables } = await scan(checks, { cached });
    expect([places, unexplained, tables.lookups]).toEqual([[], [], []]);
  });

  test('whose lookup would read the whole table are left alone', async () => {
    const { places, tables } = await scan(keysOnly([{ key: 'n:{stock}' }]), { cached: { 'n:3': '' } });
    expect([places, tables.lookups]).toEqual([[], []]);
  });

  test('that several templates could have made are suspect only if none of their rows exists', async () => {
    const checks = keysOnly([{ key: 'x:{id}' }, { key: 'x:{sku}' }]);
    const rows = [{ id: 1, sku: '2' }];
    const { places, suspects } = await scan(checks, { rows, cached: { 'x:1': '', 'x:2': '', 'x:3': '' } });
    expect(places).toEqual(['x:3']);
    expect(suspects[0]?.others?.map(({ by }) => by)).toEqual([['3']]);
  });

  test('that one template reads in several ways are suspect only if no way leads to a row', async () => {
    const checks = keysOnly([{ key: 'x:{sku}:{category_id}:{sku}' }, { key: 'y:{sku}:{id}' }]);
    const rows = [{ id: 1, sku: 'a:1' }];
    expect((await scan(checks, { rows, cached: { 'y:a:1:1': '', 'y:a:1:2': '' } })).places).toEqual([
      'y:a:1:2',
    ]);
  });

  test('of a table that may also be one that cannot be looked up are left alone', async () => {
    const checks = keysOnly([{ key: 'x:{id}' }, { key: 'x:{stock}' }]);
    expect((await scan(checks, { cached: { 'x:3': '' } })).places).toEqual([]);
  });

  test('of another type than the mapping declares are suspect, but an orphan is told once', async () => {
    const rows = [{ id: 1, stock: 3 }];
    const cached = { 'p:1': { type: 'list' }, 'p:2': { type: 'list' }, 'p:3': '3' };
    const { places, ways } = await scan(keysOnly([stockKey]), { rows, cached });
    expect(places.toSorted()).toEqual(['p:1', 'p:2', 'p:3']);
    expect(ways).toEqual(['a list instead of a string']);
  });
});

describe('several tables', () => {
  const brands = named('brands');
  const mappings = [exactly([{ key: 'x:{id}' }]), exactly([{ key: 'x:{id}' }], brands)];
  const schemas = [schemaWith(), schemaWith({ table: brands })];

  test('a key that two tables feed is no orphan while one of them has the row', async () => {
    const rows = [{ id: 1 }];
    const { places } = await scan(checksOfTables(mappings, { schemas }), {
      rows,
      cached: { 'x:1': '', 'x:2': '' },
    });
    expect(places).toEqual(['x:2']);
  });

  test('a table that is not asked for is looked up all the same, and its own keys are not told', async () => {
    const options = {
      schemas,
      isWanted: ({ table }: { table: { table: string } }) => table.table === 'brands',
    };
    const own = checksOfTables(
      [exactly([{ key: 'o:{id}' }, { key: 'x:{id}' }]), exactly([{ key: 'x:{id}' }], brands)],
      options,
    );
    const { places } = await scan(own, { rows: [{ id: 1 }], cached: { 'x:1': '', 'x:2': '', 'o:2': '' } });
    expect(places).toEqual(['x:2']);
  });

  test('a table that cannot be read leaves the keys alone that it may feed', async () => {
    const options = {
      schemas,
      isUsable: ({ table }: { table: { table: string } }) => table.table === 'brands',
    };
    const { places } = await scan(checksOfTables(mappings, options), { cached: { 'x:1': '' } });
    expect(places).toEqual([]);
  });
});

describe('hashes whose fields are rows', () => {
  const key: KeyMapping = { key: 'h', field: '{id}' };

  test('fields without a row are suspect, whatever else lies in the hash is not', async () => {
    const hash = new Map([
      ['1', ''],
      ['2', ''],
      ['no id', ''],
    ]);
    const { places, found } = await scan(keysOnly([key]), {
      rows: [{ id: 1 }],
      cached: { h: hash },
      keysMax: 2,
    });
    expect(places).toEqual(['h 2']);
    expect(found).toEqual(['2 h']);
  });

  test('what is no hash has no fields', async () => {
    expect((await scan(keysOnly([key]), { cached: { h: 'text' } })).places).toEqual([]);
  });

  test('the key of a hash may show a column, too', async () => {
    const checks = keysOnly([{ key: 'h:{category_id}', field: '{id}' }]);
    const rows = [{ id: 1, category_id: 7 }];
    const cached = { 'h:7': new Map([['1', '']]), 'h:8': new Map([['1', '']]) };
    expect((await scan(checks, { rows, cached })).places).toEqual(['h:8 1']);
  });
});

test('a unique key other than the row key finds its row', async () => {
  const { places } = await scan(keysOnly([skuKey]), {
    rows: [{ id: 1, sku: 'a', stock: 3 }],
    cached: { 's:a': '3', 's:b': '3' },
  });
  expect(places).toEqual(['s:b']);
});
