import { describe, expect, test } from 'vitest';
import type { ChangeOrigin } from '../../../src/domain/change.js';
import type { BinlogEvent, TableShape } from '../../../src/tail/binlog-event.js';
import { createChangeReader } from '../../../src/tail/change-reader.js';

const place = { gtid: undefined, file: 'f', offset: 1, loggedAtMs: 0 };
const shapeOf = (primaryKey: readonly string[] | undefined): TableShape => ({
  table: { db: 'shop', table: 'products' },
  columns: [
    { name: 'id', type: 'int' },
    { name: 'sku', type: 'varchar' },
  ],
  primaryKey,
});
const insertInto = (shape: TableShape): BinlogEvent => ({
  kind: 'rows',
  shape,
  place,
  operation: 'insert',
  rows: [{ id: 1, sku: 'a' }],
});

function setUp(uniqueKey?: readonly string[]) {
  const origins: ChangeOrigin[] = [];
  const { read, columnsOf } = createChangeReader({
    tables: {
      isMapped: ({ table }) => table === 'products',
      isMappedDb: (db) => db === 'shop',
      carriedColumns: () => new Set(['sku']),
      uniqueKeyOf: () => uniqueKey,
    },
    onChanges: (_changes, origin) => origins.push(origin),
    onCommit: () => undefined,
    onIdle: () => undefined,
  });
  return { read, columnsOf, origins };
}

describe('reading a binlog', () => {
  test('a row is named by its primary key, else by its unique key, else by all it has', () => {
    const { read, origins } = setUp(['sku']);
    read(insertInto(shapeOf(['id'])));
    read(insertInto(shapeOf(undefined)));
    const keyless = setUp(['dropped since']);
    keyless.read(insertInto(shapeOf(undefined)));
    expect([...origins, ...keyless.origins].map(({ rowKey }) => rowKey)).toEqual([
      ['id'],
      ['sku'],
      ['id', 'sku'],
    ]);
  });

  test('images hold what the mapping wants, and the row key', () => {
    const { columnsOf } = setUp(['sku']);
    expect([...columnsOf(shapeOf(['id']))].sort()).toEqual(['id', 'sku']);
    expect([...columnsOf(shapeOf(undefined))]).toEqual(['sku']);
  });

  test('a statement that changes a mapped table unseen is an error that says the way out', () => {
    const { read } = setUp();
    const event: BinlogEvent = { kind: 'statement', db: 'shop', sql: 'TRUNCATE products', place };
    expect(() => {
      read(event);
    }).toThrow(/TRUNCATE products.*shop\.products.*--reset-position/s);
  });

  test('an XA transaction that is prepared is an error only if it changed mapped rows', () => {
    const { read } = setUp();
    const mark = { file: 'f', offset: 2, loggedAtMs: 0 };
    read(insertInto(shapeOf(['id'])));
    read({ kind: 'commit', mark });
    read({ kind: 'prepared', place });
    read(insertInto(shapeOf(['id'])));
    expect(() => {
      read({ kind: 'prepared', place });
    }).toThrow('XA');
  });
});
