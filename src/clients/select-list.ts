/** What to select of columns, so that mysql2's parser and MySQL's text hand values over as db-row.ts says. */
import type { DbRow, DbValue } from '../domain/db-row.js';
import { type ColumnFacts, identifier } from './sql-literal.js';

export interface SelectList {
  readonly text: string;
  /** Rows as selected, into rows of the columns asked for; works in place. */
  finish(rows: DbValue[][]): DbRow[];
}

/** The table's alias in every statement: a qualified name never means another column's alias. */
export const column = (name: string): string => `t.${identifier(name)}`;

const SPATIAL_OR_VECTOR = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geomcollection',
  'geometrycollection',
  'vector',
]);
const isFloat = ({ type }: ColumnFacts): boolean => type === 'float' || type === 'double';

/** `extras` are expressions behind the columns, which `finish` cuts off. */
export function selectList(columns: readonly ColumnFacts[], extras: readonly string[] = []): SelectList {
  const floats = columns.flatMap((each, index) => (isFloat(each) ? [index] : []));
  const expressions = [...columns.map(expressionOf), ...extras];
  return {
    text: expressions.length === 0 ? '1' : expressions.join(', '),
    finish(rows) {
      const isExact = floats.length === 0 && expressions.length === columns.length && columns.length > 0;
      if (isExact) return rows;
      for (const row of rows) {
        row.length = columns.length;
        for (const index of floats) row[index] = row[index] === null ? null : Number(row[index]) + 0; // -0 is 0
      }
      return rows;
    },
  };
}

function expressionOf(facts: ColumnFacts): string {
  const name = column(facts.name);
  // Its own reading of decimals (mysql2 3.24.6, Packet.parseFloat) may miss the nearest double by one.
  if (isFloat(facts)) return `CAST(${name} AS CHAR)`;
  // It would parse them.
  if (SPATIAL_OR_VECTOR.has(facts.type)) return `CAST(${name} AS BINARY)`;
  if (facts.zerofill === true) return `${name} + 0`;
  // Labels are text in any charset.
  if (facts.charset === 'binary') return `CAST(${name} AS CHAR)`;
  return name;
}
