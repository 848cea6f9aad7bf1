import type { TableName } from '../domain/change.js';

/** What the check needs to know of a table's column, as information_schema.COLUMNS has it. */
export interface ColumnInfo {
  readonly name: string;
  /** DATA_TYPE in lower case, like `int`, `double`, `json` or `binary`. */
  readonly type: string;
  readonly nullable: boolean;
}

export interface TableSchema {
  readonly table: TableName;
  readonly columns: readonly ColumnInfo[];
  /** Columns of the primary key, else of the first unique key without nullable columns; undefined if none. */
  readonly rowKey: readonly string[] | undefined;
  /** The primary key, then the unique keys: of rows without NULL in it, each names one. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Columns by which rows can be found without reading the whole table: the first column of each index. */
  readonly indexedColumns: readonly string[];
}
