/**
 * The one place that knows zongji.
 * In: a position, and which tables are wanted. Out: binlog events in order, then exactly one end.
 * Holds: never a start without an explicit position; nothing is told after the first error, since zongji itself
 * goes on behind an event that it could not decode, and counts that event's transaction as seen.
 */
import ZongJi, { GtidSet } from '@vlasky/zongji';
import type { Position } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import { binlogError } from './binlog-errors.js';
import type { BinlogEvent, TableShape } from './binlog-event.js';
import { type ZongJiEvent, ZONGJI_EVENTS, createTranslator } from './binlog-translator.js';
import type { ExecutedGtids } from './progress.js';
import { type RowPlan, createRowPlan } from './row-plan.js';
import { decoderOf } from './zongji-rows.js';

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
  /** Which columns of a table the images hold; asked for each new shape, before its rows are read. */
  readonly columnsOf: (shape: TableShape) => ReadonlySet<string>;
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
  /** Ours: see zongji-rows.ts. */
  rowPlans?: ReadonlyMap<number, RowPlan>;
  _skipSchema(db: string, table: string): boolean;
  _fetchTableInfo(event: { schemaName: string; tableName: string }): void;
}

export function openBinlog(options: BinlogOptions): BinlogStream {
  const zongji = new ZongJi(options.connection);
  const hooks = zongji as unknown as ZongJiHooks;
  let ended = false;
  const end = (error: UnstaleError | undefined): void => {
    if (ended) return;
    ended = true;
    watchdog.stop();
    zongji.stop();
    options.onEnd(error);
  };
  const watchdog = startWatchdog(() => {
    end(new UnstaleError('BINLOG_BROKEN', `The binlog stream has been silent for ${SILENCE_MAX_MS} ms.`));
  }, hooks);
  const fail = (error: unknown): void => {
    end(binlogError(error));
  };
  installHooks(hooks, options.wanted, fail);
  zongji.on('error', fail);
  zongji.on('ready', () => {
    askForHeartbeats(hooks, fail);
  });
  const tell = createTeller(options, hooks);
  zongji.on('binlog', (told: unknown) => {
    const event = told as ZongJiEvent; // its typings leave most fields out
    if (ended) return;
    watchdog.heard();
    try {
      tell(event, fileOf(zongji));
    } catch (error) {
      fail(error);
    }
  });
  const includeEvents = [...ZONGJI_EVENTS];
  zongji.start({ serverId: options.serverId, includeEvents, ...startOptions(options.start) });
  return {
    pause() {
      watchdog.pause();
      if (!ended) hooks.connection.pause();
    },
    resume() {
      watchdog.resume();
      if (!ended) hooks.connection.resume();
    },
    stop() {
      end(undefined);
    },
  };
}

function createTeller(
  { onEvent, onReading, columnsOf }: BinlogOptions,
  hooks: ZongJiHooks,
): (event: ZongJiEvent, file: string) => void {
  const plans = new Map<number, RowPlan>();
  hooks.rowPlans = plans;
  const translate = createTranslator((tableId, shape, tableMap) => {
    const plan = createRowPlan({
      columns: tableMap.columns,
      types: shape.columns.map(({ type }) => type),
      wanted: columnsOf(shape),
      decode: decoderOf(tableMap, hooks),
    });
    plans.set(tableId, plan);
  });
  let reading = false;
  return (event, file) => {
    if (!reading) {
      reading = true; // `ready` comes before the server has accepted the position; its first event tells
      onReading();
    }
    for (const told of translate(event, file)) onEvent(told);
  };
}

function installHooks(
  hooks: ZongJiHooks,
  wanted: BinlogOptions['wanted'],
  fail: (error: unknown) => void,
): void {
  // Unwanted tables are skipped at their table map, before a row is decoded.
  hooks._skipSchema = (db, table) => !wanted(db, table);
  // zongji asks information_schema when an event lacks column names, and drops the rows that come meanwhile.
  hooks._fetchTableInfo = ({ schemaName, tableName }) => {
    const what = `An event of ${schemaName}.${tableName} came without column names`;
    fail(new UnstaleError('MYSQL_SETTINGS', `${what}. Mend it: SET PERSIST binlog_row_metadata = FULL;`));
  };
}

/** Sets up the session of the stream itself, before zongji asks it for the binlog. */
function askForHeartbeats({ connection }: ZongJiHooks, fail: (error: unknown) => void): void {
  const periodNs = HEARTBEAT_MS * 1_000_000;
  const settings = [
    `@source_heartbeat_period = ${periodNs}`,
    `@master_heartbeat_period = ${periodNs}`, // its name before MySQL 8.0.26
    `net_write_timeout = ${NET_WRITE_TIMEOUT_S}`,
  ];
  connection.query(`SET ${settings.join(', ')}`).on('error', fail);
}

interface Watchdog {
  heard(): void;
  /** While we do not read, silence says nothing. */
  pause(): void;
  resume(): void;
  stop(): void;
}

function startWatchdog(onSilence: () => void, hooks: ZongJiHooks): Watchdog {
  let heardAtMs = performance.now();
  let paused = false;
  const timer = setInterval(() => {
    hooks.ctrlConnection?.ping(() => undefined); // wait_timeout would end it while the stream lives
    if (!paused && performance.now() - heardAtMs > SILENCE_MAX_MS) onSilence();
  }, HEARTBEAT_MS);
  return {
    heard() {
      heardAtMs = performance.now();
    },
    pause() {
      paused = true;
    },
    resume() {
      heardAtMs = performance.now();
      paused = false;
    },
    stop() {
      clearInterval(timer);
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

/** zongji's own model of executed sets, tags included. */
export function parseGtidSet(text: string): ExecutedGtids {
  return GtidSet.parse(text);
}
