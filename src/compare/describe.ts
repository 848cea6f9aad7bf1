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

/** Compact JSON, from each field to its value as text. */
export function describeFields(all: readonly Shown[], row: DbRow): string {
  return objectText(all.map(({ name, index, type }) => [name, valueText(type, row[index] ?? null, true)]));
}

/** Compact JSON with each path in its place. It is put together as text, so that numbers keep their digits. */
export function describeDocument(all: readonly Shown[], row: DbRow): string {
  const root: Branch = new Map();
  for (const { name, index, type } of all) {
    const steps = name.split('.');
    const last = steps.pop() ?? '';
    let branch = root;
    for (const step of steps) {
      const next = branch.get(step);
      // A path that leads through another one's value has no place in one document.
      const inner: Branch = next instanceof Map ? next : new Map<string, Branch | string>();
      branch.set(step, inner);
      branch = inner;
    }
    branch.set(last, valueText(type, row[index] ?? null, false));
  }
  return branchText(root);
}

type Branch = Map<string, Branch | string>;

const branchText = (branch: Branch): string =>
  objectText([...branch].map(([name, value]) => [name, value instanceof Map ? branchText(value) : value]));

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
