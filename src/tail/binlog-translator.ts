import type { RowImage } from '../domain/change.js';
import type { CommitMark } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import type { BinlogEvent, BinlogPlace, RowsEvent, TableShape } from './binlog-event.js';
import type { UpdatedRow } from './row-plan.js';
import type { ZongJiTableMap } from './zongji-rows.js';

/** The fields of zongji's events that are used here, over all event types. */
export interface ZongJiEvent {
  getEventName(): string;
  timestamp: number;
  nextPosition: number;
  gtid?: string;
  schema?: string;
  query?: string;
  binlogName?: string;
  tableId?: number;
  tableMap?: Record<number, TableMapEntry>;
  primaryKey?: number[];
  rows?: unknown[];
  numberOfColumns?: number;
  columns_present_bitmap?: Buffer;
  columns_present_bitmap2?: Buffer;
}

interface TableMapEntry extends ZongJiTableMap {
  parentSchema: string;
  tableName: string;
  columnSchemas: { COLUMN_NAME: string; COLUMN_TYPE: string }[];
}

export type BinlogTranslator = (event: ZongJiEvent, file: string) => readonly BinlogEvent[];

/** zongji's names of the events that are asked for; what is not listed has nothing to do with rows. */
export const ZONGJI_EVENTS = [
  'rotate',
  'format',
  'heartbeat',
  'gtid',
  'anonymousgtid',
  'query',
  'xid',
  'xaprepare',
  'tablemap',
  'writerows',
  'updaterows',
  'deleterows',
  'transactionpayload',
  'partialupdaterows',
] as const;

/** Called when a table comes with a new shape, before its first row is read. */
export type OnShape = (tableId: number, shape: TableShape, tableMap: ZongJiTableMap) => void;

/** Turns zongji's events into ours. Keeps the shapes of tables, and whether a transaction is open. */
export function createTranslator(onShape: OnShape): BinlogTranslator {
  const shapes = new Map<number, TableShape>();
  const groups = createGroups();
  return (event, file) => {
    switch (event.getEventName()) {
      case 'tablemap':
        if (!shapes.has(event.tableId ?? -1)) rememberShape(shapes, event, onShape);
        return [];
      case 'writerows':
      case 'updaterows':
      case 'deleterows':
        return [rowsEvent(event, file, shapes)];
      case 'xid':
        return groups.commit(markOf(event, file));
      case 'query':
        return translateQuery(groups, event, file);
      case 'gtid':
      case 'anonymousgtid':
        return groups.commitUnmarked();
      case 'xaprepare':
        groups.endUnmarked(markOf(event, file));
        return [{ kind: 'prepared', place: placeOf(event, file) }];
      case 'heartbeat': {
        const place = { file: event.binlogName ?? file, offset: event.nextPosition };
        return [...groups.commitUnmarked(), { kind: 'idle', ...place }];
      }
      case 'transactionpayload':
      case 'partialupdaterows':
        throw undecodable(event, file);
      default:
        return [];
    }
  };
}

/** Where one group of events (a transaction, a DDL statement, an XA PREPARE) ends and the next begins. */
interface Groups {
  begin(): void;
  commit(mark: CommitMark): BinlogEvent[];
  isOpen(): boolean;
  /** A group has ended that has no event for its end: the next group, or silence, tells that it did. */
  endUnmarked(mark: CommitMark): void;
  commitUnmarked(): BinlogEvent[];
}

function createGroups(): Groups {
  let open = false;
  let unmarked: CommitMark | undefined;
  const commit = (mark: CommitMark): BinlogEvent[] => {
    open = false;
    unmarked = undefined;
    return [{ kind: 'commit', mark }];
  };
  return {
    begin() {
      open = true;
    },
    commit,
    isOpen: () => open,
    endUnmarked(mark) {
      open = false;
      unmarked = mark;
    },
    commitUnmarked: () => (unmarked === undefined ? [] : commit(unmarked)),
  };
}

function translateQuery(groups: Groups, event: ZongJiEvent, file: string): BinlogEvent[] {
  const sql = event.query ?? '';
  switch (frameOf(sql)) {
    case 'begin':
      groups.begin();
      return [];
    case 'inside':
      return [];
    case 'commit':
      return groups.commit(markOf(event, file));
    case undefined:
      if (!groups.isOpen()) groups.endUnmarked(markOf(event, file));
      return [{ kind: 'statement', db: event.schema ?? '', sql, place: placeOf(event, file) }];
  }
}

function undecodable(event: ZongJiEvent, file: string): UnstaleError {
  return new UnstaleError(
    'BINLOG_NOT_BY_ROW',
    `A ${event.getEventName()} event at ${file}:${event.nextPosition} cannot be decoded. Turn ` +
      'binlog_transaction_compression and PARTIAL_JSON off for all sessions, also those that set it for themselves.',
  );
}

/** Which part of a transaction's frame a statement is; undefined for statements that do something themselves. */
function frameOf(sql: string): 'begin' | 'inside' | 'commit' | undefined {
  if (/^(BEGIN|XA START)\b/i.test(sql)) return 'begin';
  if (/^(SAVEPOINT|ROLLBACK\s+TO|RELEASE\s+SAVEPOINT|XA END)\b/i.test(sql)) return 'inside';
  if (/^(COMMIT|ROLLBACK|XA COMMIT|XA ROLLBACK)\b/i.test(sql)) return 'commit';
  return undefined;
}

const markOf = (event: ZongJiEvent, file: string): CommitMark => ({
  ...(event.gtid === undefined ? {} : { gtid: event.gtid }),
  file,
  offset: event.nextPosition,
  loggedAtMs: event.timestamp,
});

const placeOf = (event: ZongJiEvent, file: string): BinlogPlace => ({
  gtid: event.gtid,
  file,
  offset: event.nextPosition,
  loggedAtMs: event.timestamp,
});

function rememberShape(shapes: Map<number, TableShape>, event: ZongJiEvent, onShape: OnShape): void {
  const tableId = event.tableId ?? -1;
  const entry = event.tableMap?.[tableId];
  if (entry === undefined) return;
  const columns = entry.columnSchemas.map(({ COLUMN_NAME, COLUMN_TYPE }) => ({
    name: COLUMN_NAME,
    type: COLUMN_TYPE.split(/[( ]/, 1)[0] ?? '',
  }));
  const primaryKey = event.primaryKey?.map((index) => columns[index]?.name ?? '');
  const shape = { table: { db: entry.parentSchema, table: entry.tableName }, columns, primaryKey };
  shapes.set(tableId, shape);
  onShape(tableId, shape, entry);
}

function rowsEvent(event: ZongJiEvent, file: string, shapes: Map<number, TableShape>): RowsEvent {
  const shape = shapes.get(event.tableId ?? -1);
  const place = placeOf(event, file);
  if (shape === undefined)
    throw new UnstaleError('BUG', `Rows without a table map at ${file}:${place.offset}.`);
  demandFullImages(event, shape);
  const name = event.getEventName();
  if (name === 'updaterows') {
    const rows = event.rows as UpdatedRow[];
    return { kind: 'rows', shape, place, operation: 'update', rows };
  }
  return {
    kind: 'rows',
    shape,
    place,
    operation: name === 'writerows' ? 'insert' : 'delete',
    rows: event.rows as RowImage[],
  };
}

/** A session can override binlog_row_image; zongji then tells absent columns as null, which would delete wrong keys. */
function demandFullImages(event: ZongJiEvent, { table }: TableShape): void {
  const count = event.numberOfColumns ?? 0;
  for (const bitmap of [event.columns_present_bitmap, event.columns_present_bitmap2]) {
    if (bitmap === undefined) continue;
    for (let column = 0; column < count; column++) {
      if (((bitmap[column >> 3] ?? 0) & (1 << (column & 7))) !== 0) continue;
      throw new UnstaleError(
        'BINLOG_NOT_BY_ROW',
        `A session changed ${table.db}.${table.table} with a row image that lacks columns. ` +
          'Keep binlog_row_image = FULL in all sessions.',
      );
    }
  }
}
