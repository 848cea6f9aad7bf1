/**
 * The one place that knows zongji.
 * In: a position, and which tables are wanted. Out: binlog events in order, then exactly one end.
 * Holds: never a start without an explicit position; nothing is told after the first error, since zongji itself
 * goes on behind an event that it could not decode, and counts that event's transaction as seen.
 */
import ZongJi, { GtidSet } from '@vlasky/zongji';
import type { CommitMark, Position } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import type { BinlogEvent, BinlogPlace, RawRow, RowsEvent, TableShape } from './binlog-event.js';
import { binlogError } from './binlog-errors.js';
import type { ExecutedGtids } from './progress.js';

/** The source says so often that it is there; silence for three periods counts as a broken stream. */
const HEARTBEAT_MS = 2_000;
const SILENCE_MAX_MS = 3 * HEARTBEAT_MS;
/** How long the server's dump thread waits for a paused reader before it gives up; its default is a minute. */
const NET_WRITE_TIMEOUT_S = 3_600;

export interface BinlogOptions {
  /** Options for mysql2's createConnection. */
  readonly connection: object;
  readonly serverId: number;
  readonly start: Position;
  readonly wanted: (db: string, table: string) => boolean;
  readonly onEvent: (event: BinlogEvent) => void;
  /** Called once: with what ended the stream, or with nothing after `stop`. */
  readonly onEnd: (error: UnstaleError | undefined) => void;
  /** Called once, when the server has accepted the position and sends. */
  readonly onReading: () => void;
}

export interface BinlogStream {
  /** Stops taking from the socket; what was taken already is still told. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** zongji's own hooks, which its typings leave out (checked against 0.9.0). */
interface ZongJiHooks {
  connection: {
    pause(): void;
    resume(): void;
    query(sql: string): { on(event: 'error', fn: (e: unknown) => void): void };
  };
  ctrlConnection: { ping(done: (error: unknown) => void): void } | null;
  _skipSchema(db: string, table: string): boolean;
  _fetchTableInfo(event: { schemaName: string; tableName: string }): void;
}

const EVENTS = [
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
];

export function openBinlog(options: BinlogOptions): BinlogStream {
  const zongji = new ZongJi(options.connection);
  const hooks = zongji as unknown as ZongJiHooks;
  let ended = false;
  let paused = false;
  let reading = false;
  let heardAtMs = performance.now();

  const end = (error: UnstaleError | undefined): void => {
    if (ended) return;
    ended = true;
    clearInterval(watchdog);
    zongji.stop();
    options.onEnd(error);
  };
  const watchdog = setInterval(() => {
    hooks.ctrlConnection?.ping(() => undefined); // wait_timeout would end it while the stream lives
    if (!paused && performance.now() - heardAtMs > SILENCE_MAX_MS) {
      end(new UnstaleError('BINLOG_BROKEN', `The binlog stream has been silent for ${SILENCE_MAX_MS} ms.`));
    }
  }, HEARTBEAT_MS);

  // Unwanted tables are skipped at their table map, before a row is decoded.
  hooks._skipSchema = (db, table) => !options.wanted(db, table);
  // zongji asks information_schema when an event lacks column names, and drops the rows that come meanwhile.
  hooks._fetchTableInfo = ({ schemaName, tableName }) => {
    const what = `An event of ${schemaName}.${tableName} came without column names`;
    end(new UnstaleError('MYSQL_SETTINGS', `${what}. Mend it: SET PERSIST binlog_row_metadata = FULL;`));
  };

  const translate = createTranslator();
  zongji.on('binlog', (event: ZongJiEvent) => {
    if (ended) return;
    heardAtMs = performance.now();
    if (!reading) {
      reading = true; // `ready` comes before the server has accepted the position; its first event tells
      options.onReading();
    }
    try {
      for (const told of translate(event, fileOf(zongji))) options.onEvent(told);
    } catch (error) {
      end(binlogError(error));
    }
  });
  zongji.on('error', (error: unknown) => {
    end(binlogError(error));
  });
  zongji.on('ready', () => {
    const period = HEARTBEAT_MS * 1_000_000;
    hooks.connection
      .query(
        `SET @source_heartbeat_period = ${period}, @master_heartbeat_period = ${period}, net_write_timeout = ${NET_WRITE_TIMEOUT_S}`,
      )
      .on('error', (error) => {
        end(binlogError(error));
      });
  });
  zongji.start({ serverId: options.serverId, includeEvents: EVENTS, ...startOptions(options.start) });

  return {
    pause() {
      paused = true;
      if (!ended) hooks.connection.pause();
    },
    resume() {
      paused = false;
      heardAtMs = performance.now();
      if (!ended) hooks.connection.resume();
    },
    stop() {
      end(undefined);
    },
  };
}

function fileOf(zongji: ZongJi): string {
  const file: unknown = zongji.get('filename'); // kept by zongji from the rotate events
  return typeof file === 'string' ? file : '';
}

function startOptions(start: Position): { gtidSet: string } | { filename: string; position: number } {
  return start.kind === 'gtid'
    ? { gtidSet: start.gtidSet }
    : { filename: start.file, position: start.offset };
}

/** The fields of zongji's events that are used here, over all event types. */
interface ZongJiEvent {
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

interface TableMapEntry {
  parentSchema: string;
  tableName: string;
  columnSchemas: { COLUMN_NAME: string; COLUMN_TYPE: string }[];
}

/** Turns zongji's events into ours. Keeps the shapes of tables, and whether a transaction is open. */
function createTranslator(): (event: ZongJiEvent, file: string) => BinlogEvent[] {
  const shapes = new Map<number, TableShape>();
  let open = false;
  /** A group whose end has no event of its own (DDL, XA PREPARE): the next group, or silence, tells its end. */
  let unmarked: CommitMark | undefined;

  const commit = (mark: CommitMark): BinlogEvent[] => {
    open = false;
    unmarked = undefined;
    return [{ kind: 'commit', mark }];
  };
  const commitUnmarked = (): BinlogEvent[] => (unmarked === undefined ? [] : commit(unmarked));
  const query = (event: ZongJiEvent, file: string): BinlogEvent[] => {
    const sql = event.query ?? '';
    switch (frameOf(sql)) {
      case 'begin':
        open = true;
        return [];
      case 'inside':
        return [];
      case 'commit':
        return commit(markOf(event, file));
      case undefined:
        if (!open) unmarked = markOf(event, file);
        return [{ kind: 'statement', db: event.schema ?? '', sql, place: placeOf(event, file) }];
    }
  };

  return (event, file) => {
    switch (event.getEventName()) {
      case 'tablemap':
        if (!shapes.has(event.tableId ?? -1)) rememberShape(shapes, event);
        return [];
      case 'writerows':
      case 'updaterows':
      case 'deleterows':
        return [rowsEvent(event, file, shapes)];
      case 'xid':
        return commit(markOf(event, file));
      case 'query':
        return query(event, file);
      case 'gtid':
      case 'anonymousgtid':
        return commitUnmarked();
      case 'xaprepare':
        open = false;
        unmarked = markOf(event, file);
        return [{ kind: 'prepared', place: placeOf(event, file) }];
      case 'heartbeat':
        return [
          ...commitUnmarked(),
          { kind: 'idle', file: event.binlogName ?? file, offset: event.nextPosition },
        ];
      case 'transactionpayload':
      case 'partialupdaterows':
        throw new UnstaleError(
          'BINLOG_NOT_BY_ROW',
          `A ${event.getEventName()} event at ${file}:${event.nextPosition} cannot be decoded. Turn ` +
            'binlog_transaction_compression and PARTIAL_JSON off for all sessions, also those that set it for themselves.',
        );
      default:
        return [];
    }
  };
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

function rememberShape(shapes: Map<number, TableShape>, event: ZongJiEvent): void {
  const tableId = event.tableId ?? -1;
  const entry = event.tableMap?.[tableId];
  if (entry === undefined) return;
  const columns = entry.columnSchemas.map(({ COLUMN_NAME, COLUMN_TYPE }) => ({
    name: COLUMN_NAME,
    type: COLUMN_TYPE.split(/[( ]/, 1)[0] ?? '',
  }));
  const primaryKey = event.primaryKey?.map((index) => columns[index]?.name ?? '');
  shapes.set(tableId, { table: { db: entry.parentSchema, table: entry.tableName }, columns, primaryKey });
}

function rowsEvent(event: ZongJiEvent, file: string, shapes: Map<number, TableShape>): RowsEvent {
  const shape = shapes.get(event.tableId ?? -1);
  const place = placeOf(event, file);
  if (shape === undefined)
    throw new UnstaleError('BUG', `Rows without a table map at ${file}:${place.offset}.`);
  demandFullImages(event, shape);
  const name = event.getEventName();
  if (name === 'updaterows') {
    const rows = event.rows as { before: RawRow; after: RawRow }[];
    return { kind: 'rows', shape, place, operation: 'update', rows };
  }
  return {
    kind: 'rows',
    shape,
    place,
    operation: name === 'writerows' ? 'insert' : 'delete',
    rows: event.rows as RawRow[],
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

/** zongji's own model of executed sets, tags included. */
export function parseGtidSet(text: string): ExecutedGtids {
  return GtidSet.parse(text);
}
