import type { CachedValue } from '../domain/cached-value.js';
import type { DbRow, DbValue } from '../domain/db-row.js';
import { describeBytes } from './bytes-types.js';
import type { ColumnType } from './column-type.js';

/** One path or field, and the column that it shows: its place in the row, and its type. */
export interface Shown {
  readonly name: string;
  readonly index: number;
  readonly type: ColumnType;
}

/** A value by itself. */
export function describeValue({ index, type }: Shown, row: DbRow): string {
  const value = row[index] ?? null;
  return value === null ? 'null' : type.describe(value);
}

/**
 * Compact JSON, from each path or field to its value. It is put together as text, so that numbers keep their digits.
 * @param asText whether every value is a string, as in a hash
 */
export function describeValues(all: readonly Shown[], row: DbRow, { asText }: { asText: boolean }): string {
  return objectText(
    all.map(({ name, index, type }) => [name, valueText(type, row[index] ?? null, asText)] as const),
  );
}

function valueText(type: ColumnType, value: DbValue, asText: boolean): string {
  if (value === null) return 'null';
  const text = type.describe(value);
  if (!asText && type.shownAs === 'document') return text;
  // A ZEROFILL column's number is none for JSON.
  if (!asText && type.shownAs === 'number' && jsonNumber.test(text)) return text;
  return JSON.stringify(text);
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/;

const objectText = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;

/**
 * What a snapshot holds, as text for people: text, compact JSON of the hash's fields, or 'a list (sha1 …)'. Bytes
 * that are no text are shown as base64. Null if it is absent. Not shortened.
 * @param fields the names of a hash's fields, in the snapshot's order
 */
export function describeCached(held: CachedValue, fields: readonly string[]): string | null {
  switch (held.kind) {
    case 'absent':
      return null;
    case 'string':
      return describeBytes(held.value);
    case 'hash':
      return objectText(
        held.values.map((value, index) => [
          fields[index] ?? String(index),
          value === null ? 'null' : JSON.stringify(describeBytes(value)),
        ]),
      );
    case 'other':
      return `a ${held.type} (sha1 ${held.digest})`;
  }
}
