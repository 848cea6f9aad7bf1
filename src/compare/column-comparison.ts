import type { DbValue } from '../domain/db-row.js';
import type { ColumnInfo } from '../mapping/table-schema.js';
import { withLiterals, type ColumnType, type Match } from './column-type.js';
import { columnTypeOf } from './column-types.js';
import { type Difference, stale, unparseable } from './difference.js';
import type { DocumentValue } from './document.js';

/** One column's comparison, compiled once; each way of differing is one object, made once. */
export interface ColumnComparison {
  readonly type: ColumnType;
  compareText(held: string, row: DbValue): Difference | undefined;
  /** The bytes of a text; binary columns are compared with them before they are decoded. */
  compareBytes(held: Buffer, row: DbValue): Difference | undefined;
  compareDocument(held: DocumentValue, row: DbValue): Difference | undefined;
}

/** @param options.literals whether a text may also be a JSON literal of the value */
export function compareColumn(column: ColumnInfo, options: { literals: boolean }): ColumnComparison {
  const plain = columnTypeOf(column);
  const type = options.literals && plain.shownAs !== 'document' ? withLiterals(plain) : plain;
  const other = stale(`column ${column.name}`);
  const malformed = unparseable(`column ${column.name}: not ${type.noun}`);

  // A text like 'null' was asked of the type first, since a column may hold just that text.
  const verdict = (match: Match, heldNull: boolean): Difference =>
    match === 'malformed' && !heldNull ? malformed : other;
  const compareText: ColumnComparison['compareText'] = (held, row) => {
    if (row === null) return isNullText(held) ? undefined : other;
    const match = type.matchText(held, row);
    return match === 'equal' ? undefined : verdict(match, isNullText(held));
  };
  return {
    type,
    compareText,
    compareBytes: (held, row) =>
      Buffer.isBuffer(row) && held.equals(row) ? undefined : compareText(held.toString('utf8'), row),
    compareDocument(held, row) {
      if (row === null) return held === null ? undefined : other;
      const match = type.matchDocument(held, row);
      return match === 'equal' ? undefined : verdict(match, held === null);
    },
  };
}

const isNullText = (held: string): boolean =>
  held === '' || (held.length === 4 && held.toLowerCase() === 'null');
