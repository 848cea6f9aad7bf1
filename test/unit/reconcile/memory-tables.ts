import type { TableName } from '../../../src/domain/change.js';
import type { DbRow, DbValue } from '../../../src/domain/db-row.js';
import { tableText } from '../../../src/mapping/table-mapping.js';
import type { LookupQuery, PageQuery, TableReader } from '../../../src/reconcile/effects.js';

export type Row = Readonly<Record<string, DbValue>>;

/** Tables in memory, for our interface; what is equal is what has the same text. */
export interface MemoryTables extends Pick<TableReader, 'page' | 'lookup' | 'estimateRows'> {
  readonly pages: PageQuery[];
  readonly lookups: LookupQuery[];
  put(table: TableName, ...rows: readonly Row[]): void;
  remove(table: TableName, isGone: (row: Row) => boolean): void;
}

export function memoryTables(): MemoryTables {
  const rows = new Map<string, Row[]>();
  const pages: PageQuery[] = [];
  const lookups: LookupQuery[] = [];
  const of = (table: TableName): readonly Row[] => rows.get(tableText(table)) ?? [];
  return {
    pages,
    lookups,
    put(table, ...more) {
      rows.set(tableText(table), [...of(table), ...more]);
    },
    remove(table, isGone) {
      rows.set(
        tableText(table),
        of(table).filter((row) => !isGone(row)),
      );
    },
    page(query) {
      pages.push(query);
      const { schema, columns, after, rowsMax } = query;
      const key = schema.rowKey ?? [];
      const from = after === undefined ? undefined : (JSON.parse(after) as DbRow);
      const found = of(schema.table)
        .toSorted((one, other) => compare(pick(one, key), pick(other, key)))
        .filter((row) => from === undefined || compare(pick(row, key), from) > 0)
        .slice(0, rowsMax);
      const last = found.at(-1);
      return Promise.resolve({
        rows: found.map((row) => pick(row, columns)),
        next: last === undefined ? undefined : JSON.stringify(pick(last, key)),
      });
    },
    lookup(query) {
      lookups.push(query);
      const { schema, columns, by, values, distinct } = query;
      const wanted = new Set(values.map(String));
      const found = of(schema.table)
        .filter((row) => wanted.has(String(pick(row, by))))
        .map((row) => pick(row, columns));
      return Promise.resolve(
        distinct ? [...new Map(found.map((row) => [String(row), row])).values()] : found,
      );
    },
    estimateRows: (table) => Promise.resolve(of(table).length),
  };
}

const pick = (row: Row, columns: readonly string[]): DbRow => columns.map((name) => row[name] ?? null);

function compare(one: DbRow, other: DbRow): number {
  for (const [index, value] of one.entries()) {
    const against = other[index] ?? null;
    if (value === against) continue;
    if (typeof value === 'number' && typeof against === 'number') return value - against;
    return String(value) < String(against) ? -1 : 1;
  }
  return 0;
}
