/** What information_schema says of a table beyond its schema: how to compare with its columns, and its key's index. */
import type { TableSchema } from '../mapping/table-schema.js';
import { type ColumnFacts, textLiteral } from './sql-literal.js';

type Row = Readonly<Record<string, unknown>>;

export interface TableFacts {
  column(name: string): ColumnFacts;
  /** The unique index over exactly the row key's columns; undefined if there is none any more. */
  readonly keyIndex: KeyIndex | undefined;
}

export interface KeyIndex {
  readonly name: string;
  /** Those of its columns that it holds in falling order. */
  readonly descending: ReadonlySet<string>;
}

export async function readTableFacts(
  select: (sql: string) => Promise<readonly Row[]>,
  { table, rowKey, columns }: TableSchema,
): Promise<TableFacts> {
  const ofTable = `TABLE_SCHEMA = ${textLiteral(table.db)} AND TABLE_NAME = ${textLiteral(table.table)}`;
  const columnRows = await select(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, COLUMN_TYPE AS fullType, CHARACTER_SET_NAME AS charset,
            COLLATION_NAME AS collation
       FROM information_schema.COLUMNS WHERE ${ofTable}`,
  );
  const indexRows = await select(
    `SELECT INDEX_NAME AS indexName, COLUMN_NAME AS columnName, SUB_PART AS prefix, COLLATION = 'D' AS descending
       FROM information_schema.STATISTICS WHERE ${ofTable} AND NON_UNIQUE = 0
      ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
  );
  const known = new Map(columnRows.map(toFacts).map((column) => [column.name, column]));
  return {
    column(name) {
      // A column that is gone since: the statement that names it then says so.
      return known.get(name) ?? columns.find((each) => each.name === name) ?? { name, type: '' };
    },
    keyIndex: rowKey === undefined ? undefined : findIndex(indexRows, rowKey),
  };
}

function findIndex(rows: readonly Row[], rowKey: readonly string[]): KeyIndex | undefined {
  const names = [...new Set(rows.map((row) => String(row.indexName)))];
  const name = names.find((each) => {
    const parts = rows.filter((row) => row.indexName === each);
    return (
      parts.length === rowKey.length &&
      parts.every((row, index) => row.columnName === rowKey[index] && row.prefix === null)
    );
  });
  if (name === undefined) return undefined;
  const falling = rows.filter((row) => row.indexName === name && Number(row.descending) === 1);
  return { name, descending: new Set(falling.map((row) => String(row.columnName))) };
}

function toFacts(row: Row): ColumnFacts {
  const type = String(row.type).toLowerCase();
  const fullType = String(row.fullType);
  return {
    name: String(row.name),
    type,
    // For these two, information_schema leaves `binary` out.
    charset: nameOrUndefined(row.charset) ?? (type === 'enum' || type === 'set' ? 'binary' : undefined),
    collation: nameOrUndefined(row.collation),
    numberMax: numberMaxOf(type, fullType),
    zerofill: type !== 'enum' && type !== 'set' && fullType.endsWith(' zerofill'),
  };
}

/** They go into statements as they are. */
const nameOrUndefined = (value: unknown): string | undefined =>
  typeof value === 'string' && /^\w+$/.test(value) ? value : undefined;

/** An ENUM's values are numbered from 1 on (0: an invalid one), a SET's are sums of powers of 2. */
function numberMaxOf(type: string, fullType: string): number | undefined {
  const labelCount = (fullType.match(/'(?:[^']|'')*'/g) ?? []).length;
  if (type === 'enum') return labelCount;
  return type === 'set' ? 2 ** labelCount - 1 : undefined;
}
