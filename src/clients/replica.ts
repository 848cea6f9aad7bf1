/** How far a MySQL replica is behind, as it says itself. */
import type { RowDataPacket } from 'mysql2/promise';
import type { Position } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import { connect, endConnection, mysqlError } from './mysql.js';

/**
 * Undefined for a server that is no replica; endless where replication stands still. Needs REPLICATION CLIENT.
 * @throws UnstaleError MYSQL_UNREACHABLE, MYSQL_ACCESS_DENIED
 */
export async function replicaLagMs(url: string): Promise<number | undefined> {
  const [status] = await query(url, 'SHOW REPLICA STATUS');
  if (status === undefined) return undefined;
  const seconds: unknown = status.Seconds_Behind_Source;
  return seconds === null || seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1_000;
}

const LOOK_MAX_S = 1;

/**
 * Resolves when the replica has applied all of a position; at once for positions without GTIDs, which mean nothing there.
 * @throws UnstaleError MYSQL_UNREACHABLE, also when it has not within a second, so that others may wait in their way
 */
export async function demandReplicaHas(url: string, position: Position): Promise<void> {
  if (position.kind !== 'gtid') return;
  const wait = 'SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late';
  const [row] = await query(url, wait, [position.gtidSet, LOOK_MAX_S]);
  if (Number(row?.late) === 0) return;
  const message = `The replica at ${new URL(url).host} has not caught up. Does it replicate?`;
  throw new UnstaleError('MYSQL_UNREACHABLE', message);
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  const connection = await connect(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql, values);
    return rows;
  } catch (error) {
    throw mysqlError(error, `The query "${sql.slice(0, 60)}"`);
  } finally {
    await endConnection(connection);
  }
}
