/**
 * In: work for a connection to MySQL. Out: what the work gives. Connections are opened when they are needed, and are
 * kept. Guarantee: work that broke off with a connection that had been idle is done again on a fresh one, so that a
 * server's restart between two calls is not seen; so work has to be harmless to repeat.
 */
import mysql, { type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import type { DbValue } from '../domain/db-row.js';
import type { Logger } from '../ops/logger.js';
import { type Select, connectionOptions, mysqlError, selectOn } from './mysql.js';
import { within } from './within.js';

export interface MysqlPoolOptions {
  readonly url: string;
  /** More work than that at a time waits. */
  readonly connectionsMax: number;
  /** Sets up each new session. */
  readonly sessionStatement: string;
  /** Past it a query counts as failed. */
  readonly queryTimeoutMs: number;
  readonly log?: Logger | undefined;
}

/** A connection while it is lent. */
export interface LentConnection {
  /** Rows as arrays, each value as db-row.ts says, but GEOMETRY and FLOAT, for which see select-list.ts. */
  rows(sql: string): Promise<DbValue[][]>;
  readonly select: Select;
}

export interface MysqlPool {
  /** `what` names the work in an error. @throws UnstaleError MYSQL_UNREACHABLE, MYSQL_ACCESS_DENIED */
  use<T>(what: string, work: (connection: LentConnection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const SETUP_TIMEOUT_MS = 10_000;

export function openMysqlPool(options: MysqlPoolOptions): MysqlPool {
  const { url, connectionsMax, sessionStatement, queryTimeoutMs, log } = options;
  const pool = mysql.createPool({
    ...connectionOptions(url),
    charset: 'utf8mb4',
    bigNumberStrings: false, // only those that a number can't hold
    jsonStrings: true,
    connectionLimit: connectionsMax,
  });
  // Without a listener of its own, a connection that tells twice of its end would end the process.
  pool.on('connection', (connection) => connection.on('error', () => undefined));
  const ready = new WeakSet<object>();
  let closing: Promise<void> | undefined;

  /** Done, or the error with the question whether a fresh connection would help. */
  const attempt = async <T>(work: (connection: LentConnection) => Promise<T>): Promise<Attempt<T>> => {
    let lent: PoolConnection;
    try {
      lent = await pool.getConnection();
    } catch (error) {
      return { error, isStale: false };
    }
    const wasReady = ready.has(lent.connection);
    try {
      if (!wasReady) {
        await within(SETUP_TIMEOUT_MS, lent.query(sessionStatement));
        ready.add(lent.connection);
      }
      const result = await work(lend(lent, queryTimeoutMs));
      lent.release();
      return { result };
    } catch (error) {
      lent.destroy(); // a query that timed out still runs on it
      return { error, isStale: wasReady && isLost(error) };
    }
  };
  return {
    async use(what, work) {
      for (;;) {
        const outcome = await attempt(work);
        if ('result' in outcome) return outcome.result;
        // Each stale connection is destroyed, so at most connectionsMax rounds; then a fresh one tells.
        if (!outcome.isStale) throw mysqlError(outcome.error, what);
        log?.debug({ err: outcome.error }, 'a connection to MySQL was lost, another takes its place');
      }
    },
    close() {
      closing ??= pool.end();
      return closing;
    },
  };
}

function lend(connection: PoolConnection, timeoutMs: number): LentConnection {
  return {
    select: selectOn(connection),
    async rows(sql) {
      const query = connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
      const [rows] = await within(timeoutMs, query);
      return rows as unknown as DbValue[][]; // mysql2's types know no rows as arrays beside other options
    },
  };
}

type Attempt<T> = { readonly result: T } | { readonly error: unknown; readonly isStale: boolean };

/** mysql2 marks errors that end a connection. */
function isLost(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error && 'fatal' in cause && cause.fatal === true;
}
