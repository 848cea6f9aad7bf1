import type { TableName } from '../domain/change.js';

/** One entry of the configuration's `tables`: which tables, and which keys their rows feed. */
export interface TableMapping {
  /** As written: `shop.products`, or `/^shop_(?<tenant>\w+)\.products$/`. */
  readonly name: string;
  readonly match: TableMatch;
  readonly keys: readonly KeyMapping[];
  /** Soft deletes: a row to which one of these applies expects no key. */
  readonly gone?: Readonly<Record<string, GoneWhen>> | undefined;
}

/** `notNull`, `null`, or the column's text. */
export type GoneWhen = 'notNull' | 'null' | { readonly is: string };

/** A pattern is matched against `db.table`; its named captures serve in templates. */
export type TableMatch =
  | { readonly kind: 'exact'; readonly table: TableName }
  | { readonly kind: 'pattern'; readonly pattern: RegExp };

/** One key template of a table; see `template.ts` for the syntax of `key` and `field`. */
export interface KeyMapping {
  readonly key: string;
  /** Template of a hash's field: only this field is deleted. */
  readonly field?: string | undefined;
  /** Names with a finite list of values; the template is expanded for each combination. */
  readonly with?: Readonly<Record<string, readonly string[]>> | undefined;
  /** An update counts only if one of these columns changed, or one of the templates or of `gone`. */
  readonly when?: readonly string[] | undefined;
  /** What the key holds. */
  readonly value?: ValueMapping | undefined;
  /** A row whose key the cache does not hold has drifted, too. Without it that is fine. */
  readonly expect?: 'present' | undefined;
}

export type ValueMapping =
  | { readonly kind: 'string'; readonly column: string }
  /** From a path in the document, like `price.amount`, to the column that it shows. */
  | { readonly kind: 'json'; readonly columns: Readonly<Record<string, string>> }
  /** From a field of the hash to the column that it shows. */
  | { readonly kind: 'hash'; readonly columns: Readonly<Record<string, string>> };

export function columnsOfValue(value: ValueMapping): readonly string[] {
  return value.kind === 'string' ? [value.column] : Object.values(value.columns);
}

export const tableText = ({ db, table }: TableName): string => `${db}.${table}`;
