import type { DbRow, DbValue } from '../domain/db-row.js';
import type { BoundTemplate } from './bound-template.js';
import { applyAll } from './filters.js';

/**
 * A template made ready for rows as SELECT hands them over. Its text is what `render` makes of the same row's message
 * image; undefined if one of its columns is NULL, or a filter cannot work on the value. The types of columns are not
 * looked at: it takes a mapping that `checkMapping` finds nothing wrong with.
 * @param columns what stands at each position of a row
 */
export function compilePositional(
  { source, start, slots }: BoundTemplate,
  columns: readonly string[],
): (row: DbRow) => string | undefined {
  const steps = slots.map(({ column, filters, after }) => {
    const position = columns.indexOf(column);
    if (position === -1) throw new Error(`the rows lack the column ${column} of the template "${source}"`);
    return { position, filters, after };
  });
  return (row) => {
    let text = start;
    for (const { position, filters, after } of steps) {
      const value = row[position];
      if (value === null || value === undefined) return undefined;
      const plain = textOf(value);
      const shown = filters.length === 0 ? plain : applyAll(filters, plain);
      if (shown === undefined) return undefined;
      text += shown + after;
    }
    return text;
  };
}

/** A value as messages carry it, as text: binary values are base64 there. */
export function textOf(value: Exclude<DbValue, null>): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : value.toString('base64');
}
