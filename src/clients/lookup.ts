import type { LookupQuery } from '../reconcile/effects.js';
import { type SelectList, column, selectList } from './select-list.js';
import { type ColumnFacts, literal, qualifiedName } from './sql-literal.js';
import type { TableFacts } from './table-facts.js';

export interface Lookup extends Pick<SelectList, 'finish'> {
  /** Undefined where no row can have any of the values. */
  readonly statement: string | undefined;
}

/** Rows by equality with literals of the columns' own types, so that an index over them is used. */
export function createLookup(query: LookupQuery, facts: TableFacts): Lookup {
  const { schema, by, values, distinct } = query;
  const columns = query.columns.map(facts.column);
  const { text, finish } = distinct ? selectList(columns, columns.flatMap(bytesOf)) : selectList(columns);
  const sought = by.map(facts.column);
  const found = values
    .map((value) => sought.map((each, index) => literal(each, value[index] ?? null)))
    .filter((literals): literals is string[] => literals.every((each) => each !== undefined));
  if (found.length === 0) return { statement: undefined, finish };
  const names = by.map(column);
  const where =
    names.length === 1
      ? `${names.join()} IN (${found.map((literals) => literals.join()).join(', ')})`
      : found.map((literals) => `(${equalities(names, literals)})`).join(' OR ');
  const what = distinct ? `DISTINCT ${text}` : text;
  return { statement: `SELECT ${what} FROM ${qualifiedName(schema.table)} AS t WHERE ${where}`, finish };
}

const equalities = (names: readonly string[], literals: readonly string[]): string =>
  names.map((name, index) => `${name} = ${literals[index] ?? 'NULL'}`).join(' AND ');

/** DISTINCT goes by the collation, and takes `a` and `A` for one: with the bytes beside them they are two. */
const bytesOf = ({ name, type, charset }: ColumnFacts): string[] =>
  type === 'json' || charset !== undefined ? [`CAST(${column(name)} AS BINARY)`] : [];
