/**
 * In: which rows of a table are wanted, page by page or by value. Out: those rows, each value as db-row.ts says.
 * Guarantee: it only reads, in short transactions of one statement, with the session's settings under its own control;
 * see keyset.ts for what pages hold.
 */
import type { Position } from '../domain/position.js';
import type { TableSchema } from '../mapping/table-schema.js';
import type { Logger } from '../ops/logger.js';
import type { TableReader } from '../reconcile/effects.js';
import { currentPosition } from '../tail/start-position.js';
import { createKeyset } from './keyset.js';
import { createLookup } from './lookup.js';
import { type LentConnection, type MysqlPool, openMysqlPool } from './mysql-pool.js';
import { readFacts } from './mysql.js';
import { textLiteral } from './sql-literal.js';
import { type TableFacts, readTableFacts } from './table-facts.js';

export interface TableReaderOptions {
  readonly url: string;
  readonly log?: Logger | undefined;
}

/** A page, the next one read ahead, a lookup, and a question about positions. */
const CONNECTIONS_MAX = 4;
/** Past it the server gives a SELECT up, and a little later we give the server up. */
const QUERY_MAX_MS = 30_000;
const SERVER_ANSWER_MS = 1_000;

/**
 * TIMESTAMP in UTC; dates with zeros and such as no calendar has are compared as they are; no setting of the server
 * cuts a result short. A unique key may be invisible to the optimizer, and is a way to its rows all the same.
 */
const SESSION_STATEMENT = `SET NAMES utf8mb4,
  SESSION time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', autocommit = 1,
  transaction_isolation = 'READ-COMMITTED', transaction_read_only = 1,
  max_execution_time = ${QUERY_MAX_MS}, lock_wait_timeout = ${QUERY_MAX_MS / 1_000},
  sql_select_limit = 18446744073709551615, information_schema_stats_expiry = 0,
  optimizer_switch = 'use_invisible_indexes=on'`;

export function openTableReader({ url, log }: TableReaderOptions): TableReader {
  const pool = openMysqlPool({
    url,
    log,
    connectionsMax: CONNECTIONS_MAX,
    sessionStatement: SESSION_STATEMENT,
    queryTimeoutMs: QUERY_MAX_MS + SERVER_ANSWER_MS,
  });
  const read = createTableAccess(pool);
  return {
    page: ({ schema, columns, after, rowsMax }) =>
      read(schema, async (connection, facts) => {
        const keyset = createKeyset(schema, facts, columns);
        const rows = await connection.rows(keyset.statement(after, rowsMax));
        const last = rows.at(-1);
        const next = last === undefined ? undefined : keyset.placeBehind(last);
        return { rows: keyset.finish(rows), next };
      }),
    lookup: (query) =>
      read(query.schema, async (connection, facts) => {
        const { statement, finish } = createLookup(query, facts);
        return statement === undefined ? [] : finish(await connection.rows(statement));
      }),
    estimateRows: ({ db, table }) =>
      pool.use(`Estimating the rows of ${db}.${table}`, async ({ rows }) => {
        const [row] = await rows(
          `SELECT TABLE_ROWS FROM information_schema.TABLES
            WHERE TABLE_SCHEMA = ${textLiteral(db)} AND TABLE_NAME = ${textLiteral(table)}`,
        );
        return Number(row?.[0] ?? 0);
      }),
    executed: () =>
      pool.use("Asking for the server's position", async ({ select }) =>
        currentPosition(await readFacts(select)),
      ),
    async covers(position, watermark) {
      if (position.kind === 'file' || watermark.kind === 'file') return coversInFiles(position, watermark);
      const sets = [watermark, position].map(({ gtidSet }) => textLiteral(gtidSet)).join(', ');
      return pool.use('Comparing positions', async ({ rows }) => {
        const [row] = await rows(`SELECT GTID_SUBSET(${sets})`);
        return Number(row?.[0]) === 1;
      });
    },
    close: () => pool.close(),
  };
}

type TableAccess = <T>(
  schema: TableSchema,
  work: (connection: LentConnection, facts: TableFacts) => Promise<T>,
) => Promise<T>;

/** Looks a table up once for a schema as the caller holds it, and again after a failure. */
function createTableAccess(pool: MysqlPool): TableAccess {
  const known = new WeakMap<TableSchema, TableFacts>();
  return async (schema, work) => {
    const { db, table } = schema.table;
    try {
      return await pool.use(`Reading ${db}.${table}`, async (connection) => {
        const facts = known.get(schema) ?? (await readTableFacts(connection.select, schema));
        known.set(schema, facts);
        return work(connection, facts);
      });
    } catch (error) {
      known.delete(schema); // it may be why: after an ALTER the index has another name
      throw error;
    }
  };
}

/** Files and offsets mean something on one server only. */
export function coversInFiles(position: Position, watermark: Position): boolean {
  if (position.kind !== 'file' || watermark.kind !== 'file') return false;
  if (position.serverUuid !== watermark.serverUuid) return false;
  const [own, other] = [parseFile(position.file), parseFile(watermark.file)];
  if (own.base !== other.base) return false; // log_bin was renamed: which came first is not told
  return own.number === other.number ? position.offset >= watermark.offset : own.number > other.number;
}

/** Their numbers get longer behind 999999, so the names do not sort as text. */
function parseFile(name: string): { base: string; number: number } {
  const dot = name.lastIndexOf('.');
  return { base: name.slice(0, dot), number: Number(name.slice(dot + 1)) };
}
