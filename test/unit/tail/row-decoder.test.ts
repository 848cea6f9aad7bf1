import { describe, expect, test } from 'vitest';
import type { RowsEvent, TableShape } from '../../../src/tail/binlog-event.js';
import { createRowDecoder } from '../../../src/tail/row-decoder.js';

const shape: TableShape = {
  table: { db: 'shop', table: 'products' },
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'size', type: 'enum' },
    { name: 'built', type: 'year' },
    { name: 'weight', type: 'float' },
    { name: 'raw', type: 'varbinary' },
    { name: 'data', type: 'json' },
    { name: 'note', type: 'varchar' },
  ],
  primaryKey: ['id'],
};
const place = { gtid: undefined, file: 'f', offset: 1, loggedAtMs: 0 };
const row = {
  id: 1,
  size: 'L',
  built: 2001,
  weight: 1.5,
  raw: Buffer.from([0, 255]),
  data: { a: [1] },
  note: 'x',
};

function changedBetween(before: object, after: object): readonly string[] {
  const event = { kind: 'rows', shape, place, operation: 'update', rows: [{ before, after }] } as RowsEvent;
  const [change] = createRowDecoder(shape, new Set(['id'])).decode(event);
  return change?.operation === 'update' ? change.changed : [];
}

describe('decoding rows', () => {
  test('an update names every column that changed, also those that are not carried', () => {
    const after = { ...row, built: 2002, raw: Buffer.from([1, 255]), data: { a: [2] }, note: null };
    expect(changedBetween(row, after)).toEqual(['built', 'raw', 'data', 'note']);
  });

  test('equal bytes and equal documents are no change', () => {
    expect(changedBetween(row, { ...row, raw: Buffer.from([0, 255]), data: { a: [1] } })).toEqual([]);
  });

  test('carries only the wanted columns, as messages spell them', () => {
    const decoder = createRowDecoder(shape, new Set(['id', 'size', 'built', 'weight', 'raw', 'data']));
    const hostile = { ...row, size: undefined, built: 1900, weight: 0.10000000149011612, data: null };
    const [change] = decoder.decode({ kind: 'rows', shape, place, operation: 'insert', rows: [hostile] });
    expect(change).toEqual({
      operation: 'insert',
      table: shape.table,
      after: { id: 1, size: '', built: 0, weight: 0.1, raw: 'AP8=', data: null },
    });
  });
});
