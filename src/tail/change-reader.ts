/**
 * Reads one binlog stream into changes.
 * In: binlog events, in order. Out: changes and commit marks, in the same order. What cannot be told row by row is an
 * error, never silence (guarantee 4).
 */
import type { ChangeOrigin, RowChange, TableName } from '../domain/change.js';
import type { CommitMark } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import type { BinlogEvent, RowsEvent, TableShape } from './binlog-event.js';
import { tablesChangedUnseen } from './statement.js';
import { GIVE_POSITION_UP } from './way-out.js';

/** What the mapping wants of the binlog. */
export interface TailTables {
  isMapped(table: TableName): boolean;
  /** Whether a mapping names some table of this database. */
  isMappedDb(db: string): boolean;
  /** @throws UnstaleError MAPPING_INVALID when the mapping does not fit the table as it is now */
  carriedColumns(shape: TableShape): ReadonlySet<string>;
  /** For tables without a primary key: the unique key found at start. */
  uniqueKeyOf(table: TableName): readonly string[] | undefined;
}

export interface ChangeReaderOptions {
  readonly tables: TailTables;
  readonly onChanges: (changes: readonly RowChange[], origin: ChangeOrigin) => void;
  readonly onCommit: (mark: CommitMark) => void;
  readonly onIdle: (place: { readonly file: string; readonly offset: number }) => void;
}

export interface ChangeReader {
  read(event: BinlogEvent): void;
  /** What images of such a table have to hold. */
  columnsOf(shape: TableShape): ReadonlySet<string>;
}

/** `read` throws an UnstaleError on an event that cannot be told row by row. */
export function createChangeReader(options: ChangeReaderOptions): ChangeReader {
  const { tables, onChanges, onCommit, onIdle } = options;
  const rowKeys = new Map<TableShape, readonly string[]>();
  let rowsInTransaction = false;

  const rowKeyOf = (shape: TableShape): readonly string[] => {
    const known = rowKeys.get(shape) ?? shape.primaryKey ?? usableKey(tables.uniqueKeyOf(shape.table), shape);
    rowKeys.set(shape, known);
    return known;
  };
  const readRows = (event: RowsEvent): void => {
    const { shape, place } = event;
    rowsInTransaction = true;
    onChanges(changesOf(event), { table: shape.table, rowKey: rowKeyOf(shape), ...place });
  };
  const read = (event: BinlogEvent): void => {
    switch (event.kind) {
      case 'rows':
        readRows(event);
        return;
      case 'commit':
        rowsInTransaction = false;
        onCommit(event.mark);
        return;
      case 'statement': {
        const changed = tablesChangedUnseen(event.sql, event.db, tables.isMapped, tables.isMappedDb);
        if (changed.length > 0) throw notByRow(`The statement "${event.sql.slice(0, 200)}"`, changed);
        return;
      }
      case 'prepared':
        if (rowsInTransaction)
          throw notByRow('An XA transaction, whose rows become visible only at its XA COMMIT,', []);
        return;
      case 'idle':
        onIdle(event);
    }
  };
  return { read, columnsOf: (shape) => new Set([...tables.carriedColumns(shape), ...rowKeyOf(shape)]) };
}

function changesOf(event: RowsEvent): RowChange[] {
  const { table } = event.shape;
  switch (event.operation) {
    case 'insert':
      return event.rows.map((after) => ({ operation: 'insert', table, after }));
    case 'delete':
      return event.rows.map((before) => ({ operation: 'delete', table, before }));
    case 'update':
      return event.rows.map(({ before, after, changed }) => ({
        operation: 'update',
        table,
        before,
        after,
        changed,
      }));
  }
}

/**
 * The whole row names itself where no key does any more (a key dropped since, a table dropped since): its messages
 * then lose nothing but their order, and deletions have none.
 */
function usableKey(uniqueKey: readonly string[] | undefined, shape: TableShape): readonly string[] {
  const names = shape.columns.map(({ name }) => name);
  return uniqueKey?.every((column) => names.includes(column)) === true ? uniqueKey : names;
}

function notByRow(what: string, tables: readonly TableName[]): UnstaleError {
  const named = [...new Set(tables.map(({ db, table }) => `${db}.${table}`))].join(', ');
  return new UnstaleError(
    'BINLOG_NOT_BY_ROW',
    `${what} changes rows${named === '' ? '' : ` of ${named}`} that the binlog does not tell one by one. ` +
      `To go on behind it, ${GIVE_POSITION_UP}`,
  );
}
