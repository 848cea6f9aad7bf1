import type { Comparer } from '../compare/comparer.js';
import type { DbRow } from '../domain/db-row.js';
import type { CompiledVariant } from '../mapping/compiled-key.js';
import { compilePositional } from '../mapping/positional-template.js';
import type { GoneWhen } from '../mapping/table-mapping.js';

/** What one template makes of rows that hold certain columns in a certain order. Runs for every row. */
export interface RowReader {
  /** The key that the row feeds; undefined where one of its columns is NULL. */
  key(row: DbRow): string | undefined;
  /** The field of the hash, for templates of fields. */
  field(row: DbRow): string | undefined;
  /** The columns that the comparer wants; empty without one. */
  value(row: DbRow): DbRow;
  /** A soft-deleted row expects no key. */
  isGone(row: DbRow): boolean;
}

export interface RowReaderOptions {
  readonly variant: CompiledVariant;
  readonly comparer: Comparer | undefined;
  readonly gone: Readonly<Record<string, GoneWhen>>;
}

/** @param columns what the rows hold; all that the template, the comparer and `gone` name must be among them */
export function createRowReader(
  columns: readonly string[],
  { variant, comparer, gone }: RowReaderOptions,
): RowReader {
  const picks = (comparer?.columns ?? []).map((column) => columns.indexOf(column));
  const signs = Object.entries(gone).map(([column, when]) => ({ index: columns.indexOf(column), when }));
  const isAll = picks.length === columns.length && picks.every((pick, index) => pick === index);
  return {
    key: compilePositional(variant.key, columns),
    field: variant.field === undefined ? () => undefined : compilePositional(variant.field, columns),
    value: isAll ? (row) => row : (row) => picks.map((pick) => row[pick] ?? null),
    isGone: (row) => signs.some(({ index, when }) => isSign(row[index] ?? null, when)),
  };
}

function isSign(value: DbRow[number], when: GoneWhen): boolean {
  if (when === 'null') return value === null;
  if (when === 'notNull') return value !== null;
  return value !== null && String(value) === when.is;
}
