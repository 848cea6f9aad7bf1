import type { RowImage, TableName } from '../domain/change.js';
import type { CommitMark } from '../domain/position.js';
import type { UpdatedRow } from './row-plan.js';

/** A column as the binlog describes it; `type` is like information_schema's DATA_TYPE, as far as a binlog tells. */
export interface BinlogColumn {
  readonly name: string;
  readonly type: string;
}

/** A table's shape at the moment of its change. One object per table and shape, so that it can key caches. */
export interface TableShape {
  readonly table: TableName;
  readonly columns: readonly BinlogColumn[];
  /** Names of the primary key's columns; undefined where the table has none. */
  readonly primaryKey: readonly string[] | undefined;
}

export interface BinlogPlace {
  readonly gtid: string | undefined;
  readonly file: string;
  /** Byte offset behind the event. */
  readonly offset: number;
  readonly loggedAtMs: number;
}

export type RowsEvent = { readonly kind: 'rows'; readonly shape: TableShape; readonly place: BinlogPlace } & (
  | { readonly operation: 'insert' | 'delete'; readonly rows: readonly RowImage[] }
  | { readonly operation: 'update'; readonly rows: readonly UpdatedRow[] }
);

/** What the tail needs of a binlog, in its order. Rows of tables that no mapping names do not occur. */
export type BinlogEvent =
  | RowsEvent
  /** Everything up to this mark has been told. */
  | { readonly kind: 'commit'; readonly mark: CommitMark }
  /** A statement that is not a transaction's frame: DDL, or DML in statement format. `db` is the session's default. */
  | { readonly kind: 'statement'; readonly db: string; readonly sql: string; readonly place: BinlogPlace }
  /** The rows since the transaction's start are prepared, and become visible at some later XA COMMIT. */
  | { readonly kind: 'prepared'; readonly place: BinlogPlace }
  /** The server has nothing newer than this place at this moment. */
  | { readonly kind: 'idle'; readonly file: string; readonly offset: number };
