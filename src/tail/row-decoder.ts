import { isDeepStrictEqual } from 'node:util';
import type { ColumnValue, RowChange, RowImage } from '../domain/change.js';
import type { BinlogColumn, RawRow, RowsEvent, TableShape } from './binlog-event.js';

/** Turns the rows of one table's events into changes that carry the wanted columns. */
export interface RowDecoder {
  decode(event: RowsEvent): RowChange[];
}

/**
 * Compiled once for a table's shape, since it runs for every row.
 * @param carried names of the columns that messages carry; all others only show up in `changed`
 */
export function createRowDecoder(shape: TableShape, carried: ReadonlySet<string>): RowDecoder {
  const { table } = shape;
  const readers = shape.columns.filter(({ name }) => carried.has(name)).map(createReader);
  const names = shape.columns.map(({ name }) => name);

  const imageOf = (row: RawRow): RowImage => {
    const image: Record<string, ColumnValue> = {};
    for (const { name, read } of readers) image[name] = read(row[name]);
    return image;
  };
  return {
    decode(event) {
      switch (event.operation) {
        case 'insert':
          return event.rows.map((row) => ({ operation: 'insert', table, after: imageOf(row) }));
        case 'delete':
          return event.rows.map((row) => ({ operation: 'delete', table, before: imageOf(row) }));
        case 'update':
          return event.rows.map(({ before, after }) => ({
            operation: 'update',
            table,
            before: imageOf(before),
            after: imageOf(after),
            changed: names.filter((name) => differ(before[name], after[name])),
          }));
      }
    },
  };
}

function differ(before: unknown, after: unknown): boolean {
  if (before === after) return false;
  return typeof before !== 'object' || !isDeepStrictEqual(before, after);
}

interface ColumnReader {
  readonly name: string;
  readonly read: (value: unknown) => ColumnValue;
}

function createReader({ name, type }: BinlogColumn): ColumnReader {
  return { name, read: readerOf(type) };
}

/** What zongji 0.9.0 hands over differently from what MySQL prints, by column type. */
function readerOf(type: string): (value: unknown) => ColumnValue {
  switch (type) {
    case 'year':
      return (value) => (value === 1900 ? 0 : asValue(value)); // the year 0000 is stored as 0, and 1900 is no YEAR
    case 'enum':
      return (value) => (value === undefined ? '' : asValue(value)); // the empty label of an invalid value
    case 'float':
      return (value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : asValue(value)); // MySQL prints 6 digits
    default:
      return asValue;
  }
}

function asValue(value: unknown): ColumnValue {
  if (value === undefined || value === null) return null;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (typeof value === 'bigint') return value.toString();
  return value as ColumnValue; // strings, numbers, booleans and parsed JSON are what messages carry
}
