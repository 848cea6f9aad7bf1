import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import type { Position } from '../domain/position.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { PositionRelation } from '../tail/start-position.js';
import type { ColumnInfo, TableSchema } from '../mapping/table-schema.js';
import type { ServerFacts } from '../tail/server-check.js';
import { within } from './within.js';

/** How long a connection attempt or a plain query may take before MySQL counts as unreachable. */
const TIMEOUT_MS = 10_000;

export interface MysqlOptions {
  readonly url: string;
}

/** What mysql2 needs to hand values over undamaged: no JS dates, no rounded integers, no local time zone. */
export function connectionOptions(url: string): mysql.ConnectionOptions {
  return {
    uri: url,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    timezone: 'Z',
    connectTimeout: TIMEOUT_MS,
    enableKeepAlive: true,
  };
}

/** A short-lived session for questions about the server. */
export interface MysqlSession {
  facts(): Promise<ServerFacts>;
  /** How a stored position relates to what this server still has. */
  relation(position: Position): Promise<PositionRelation>;
  /** All base tables that the predicate wants, with columns and row key. */
  schemas(wanted: (db: string, table: string) => boolean): Promise<TableSchema[]>;
  /** What this server has logged beyond a position. */
  ahead(position: Position): Promise<Ahead>;
  close(): Promise<void>;
}

export interface Ahead {
  /** Whether there are transactions that the position does not cover. */
  readonly transactions: boolean;
  /** Undefined where the position's file is not one of this server's. */
  readonly bytes: number | undefined;
}

interface BinlogFile {
  readonly name: string;
  readonly sizeBytes: number;
}

/** @throws UnstaleError MYSQL_UNREACHABLE or MYSQL_ACCESS_DENIED */
export async function openMysqlSession({ url }: MysqlOptions): Promise<MysqlSession> {
  const connection = await connect(url);
  const select = selectOn(connection);
  return {
    facts: () => readFacts(select),
    relation: (position) => relate(select, position),
    schemas: (wanted) => readSchemas(select, wanted),
    ahead: (position) => measureAhead(select, position),
    close: () => endConnection(connection),
  };
}

export type Select = (sql: string, values?: unknown[]) => Promise<RowDataPacket[]>;

export function selectOn(connection: Connection): Select {
  return async (sql, values = []) => {
    try {
      // mysql2's own time-out outlives a connection that breaks, and keeps the process alive.
      const [rows] = await within(TIMEOUT_MS, connection.query<RowDataPacket[]>({ sql, values }));
      return rows;
    } catch (error) {
      throw mysqlError(error, `The query "${sql.slice(0, 60)}"`);
    }
  };
}

export async function connect(url: string): Promise<Connection> {
  try {
    const connection = await mysql.createConnection(connectionOptions(url));
    // Without a listener a connection that dies between two queries would end the process; the next query tells.
    connection.on('error', () => undefined);
    return connection;
  } catch (error) {
    throw mysqlError(error, `Connecting to MySQL at ${new URL(url).host}`);
  }
}

/** A session that is broken already needs no farewell. */
export async function endConnection(connection: Connection): Promise<void> {
  await connection.end().catch(() => {
    connection.destroy();
  });
}

/** MySQL's errors for a user that may not: 1044, 1045, 1142, 1143, 1227, 1698, 3118 (locked), 1820 (expired). */
const ACCESS_DENIED = new Set([1044, 1045, 1142, 1143, 1227, 1698, 1820, 3118]);

/** What a statement meets after DDL: 1049 no such database, 1054 column, 1146 table. */
const TABLE_CHANGED = new Set([1049, 1054, 1146]);

export function mysqlError(error: unknown, what: string): UnstaleError {
  if (error instanceof UnstaleError) return error;
  const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
  if (ACCESS_DENIED.has(errno)) {
    const grants = 'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* and GRANT SELECT on the mapped tables';
    return new UnstaleError(
      'MYSQL_ACCESS_DENIED',
      `${what} was refused: ${messageOf(error)}. The user needs ${grants}.`,
      {
        cause: error,
      },
    );
  }
  const code = TABLE_CHANGED.has(errno) ? 'TABLE_CHANGED' : 'MYSQL_UNREACHABLE';
  return new UnstaleError(code, `${what} failed: ${messageOf(error)}.`, { cause: error });
}

export async function readFacts(select: Select): Promise<ServerFacts> {
  const [row] = await select(
    `SELECT @@version AS version, @@server_uuid AS uuid, @@server_id AS serverId, @@log_bin AS logBin,
            @@binlog_format AS format, @@binlog_row_image AS rowImage, @@binlog_row_metadata AS rowMetadata,
            @@gtid_mode AS gtidMode, @@global.gtid_executed AS gtidExecuted, @@binlog_transaction_compression AS compression,
            @@binlog_row_value_options AS valueOptions`,
  );
  const [status] = await select(showStatusStatement(String(row?.version)));
  return {
    version: String(row?.version),
    uuid: String(row?.uuid),
    serverId: Number(row?.serverId),
    logBin: Number(row?.logBin) === 1,
    format: String(row?.format),
    rowImage: String(row?.rowImage),
    rowMetadata: String(row?.rowMetadata),
    transactionCompression: Number(row?.compression) === 1,
    partialJson: String(row?.valueOptions).includes('PARTIAL_JSON'),
    gtid: row?.gtidMode === 'ON',
    gtidExecuted: String(row?.gtidExecuted).replaceAll(/\s/g, ''),
    file: String(status?.File ?? ''),
    offset: Number(status?.Position ?? 0),
  };
}

/** MySQL 8.4 removed SHOW MASTER STATUS; 8.2 brought its new name. */
function showStatusStatement(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 8 || (major === 8 && minor >= 2) ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS';
}

async function relate(select: Select, position: Position): Promise<PositionRelation> {
  if (position.kind === 'gtid') {
    const [row] = await select(
      `SELECT @@gtid_mode = 'ON' AS enabled, GTID_SUBSET(?, @@global.gtid_executed) AS known,
              GTID_SUBSET(@@global.gtid_purged, ?) AS retained`,
      [position.gtidSet, position.gtidSet],
    );
    if (Number(row?.enabled) !== 1) return 'foreign';
    if (Number(row?.known) !== 1) return 'ahead';
    return Number(row?.retained) === 1 ? 'available' : 'purged';
  }
  const [server] = await select('SELECT @@server_uuid AS uuid');
  if (server?.uuid !== position.serverUuid) return 'foreign';
  const file = (await select('SHOW BINARY LOGS'))
    .map(toBinlogFile)
    .find(({ name }) => name === position.file);
  if (file === undefined) return 'purged';
  return position.offset <= file.sizeBytes ? 'available' : 'ahead';
}

async function measureAhead(select: Select, position: Position): Promise<Ahead> {
  const files = (await select('SHOW BINARY LOGS')).map(toBinlogFile);
  const index = files.findIndex(({ name }) => name === position.file);
  const total = files.slice(Math.max(index, 0)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const bytes = index === -1 ? undefined : Math.max(0, total - position.offset);
  if (position.kind === 'file') return { transactions: bytes !== 0, bytes };
  const [row] = await select('SELECT GTID_SUBSET(@@global.gtid_executed, ?) AS covered', [position.gtidSet]);
  const transactions = Number(row?.covered) !== 1;
  return { transactions, bytes: transactions ? bytes : 0 };
}

const toBinlogFile = (row: RowDataPacket): BinlogFile => ({
  name: String(row.Log_name),
  sizeBytes: Number(row.File_size),
});

const SYSTEM_SCHEMAS = ['mysql', 'sys', 'information_schema', 'performance_schema'];

async function readSchemas(
  select: Select,
  wanted: (db: string, table: string) => boolean,
): Promise<TableSchema[]> {
  const tables = await select(
    `SELECT TABLE_SCHEMA AS db, TABLE_NAME AS name FROM information_schema.TABLES
      WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN (?)`,
    [SYSTEM_SCHEMAS],
  );
  const schemas: TableSchema[] = [];
  for (const row of tables) {
    const [db, table] = [String(row.db), String(row.name)];
    if (wanted(db, table)) schemas.push(await readSchema(select, db, table));
  }
  return schemas;
}

async function readSchema(select: Select, db: string, table: string): Promise<TableSchema> {
  const columns = await select(
    `SELECT COLUMN_NAME AS name, DATA_TYPE AS type, IS_NULLABLE = 'YES' AS nullable FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`,
    [db, table],
  );
  const keyColumns = await select(
    `SELECT INDEX_NAME AS keyName, COLUMN_NAME AS columnName, SUB_PART AS prefix,
            NON_UNIQUE = 0 AS isUnique, SEQ_IN_INDEX = 1 AND INDEX_TYPE = 'BTREE' AS isFirst
       FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
      ORDER BY INDEX_NAME = 'PRIMARY' DESC, INDEX_NAME, SEQ_IN_INDEX`,
    [db, table],
  );
  const uniqueKeys = wholeKeys(keyColumns.filter((row) => Number(row.isUnique) === 1));
  const nullable = new Set(columns.map(toColumn).flatMap((column) => (column.nullable ? [column.name] : [])));
  const first = keyColumns.filter((row) => Number(row.isFirst) === 1 && row.columnName !== null);
  const indexedColumns = [...new Set(first.map((row) => String(row.columnName)))];
  return {
    table: { db, table },
    columns: columns.map(toColumn),
    rowKey: uniqueKeys.find((key) => key.every((name) => !nullable.has(name))),
    uniqueKeys,
    indexedColumns,
  };
}

const toColumn = (row: RowDataPacket): ColumnInfo => ({
  name: String(row.name),
  type: String(row.type).toLowerCase(),
  nullable: Number(row.nullable) === 1,
});

/** Unique keys of whole columns, the primary key first. */
function wholeKeys(keyColumns: readonly RowDataPacket[]): string[][] {
  const names = [...new Set(keyColumns.map((row) => String(row.keyName)))];
  return names
    .map((keyName) => keyColumns.filter((row) => row.keyName === keyName))
    .filter((columns) => columns.every((row) => row.columnName !== null && row.prefix === null))
    .map((columns) => columns.map((row) => String(row.columnName)));
}
