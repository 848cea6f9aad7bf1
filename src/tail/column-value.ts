import type { ColumnValue } from '../domain/change.js';

/** Turns what zongji 0.9.0 decodes of a column of this type into what messages carry: as MySQL prints it. */
export function valueReader(type: string): (value: unknown) => ColumnValue {
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
