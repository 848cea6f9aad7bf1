import type { RowDataPacket } from 'mysql2/promise';
import { LOCK_WAIT_TIMEOUT_S, type LockSession } from '../tail/leader.js';
import { connect, endConnection, mysqlError } from './mysql.js';
import { within } from './within.js';

const QUERY_TIMEOUT_MS = 5_000;
/** How long the server waits for the lock before it answers. */
const LOCK_WAIT_S = 1;

/** A session for nothing but the leader lock: its end, for whatever reason, frees the lock. */
export async function openLockSession(url: string): Promise<LockSession> {
  const connection = await connect(url);
  const ask = async (sql: string, name: string): Promise<boolean> => {
    try {
      const query = connection.query<RowDataPacket[]>({ sql, values: [name] });
      const [rows] = await within(QUERY_TIMEOUT_MS, query);
      return Number(rows[0]?.answer) === 1;
    } catch (error) {
      throw mysqlError(error, 'Asking for the leader lock');
    }
  };
  await connection.query(`SET SESSION wait_timeout = ${LOCK_WAIT_TIMEOUT_S}`);
  return {
    tryLock: (name) => ask(`SELECT GET_LOCK(?, ${LOCK_WAIT_S}) AS answer`, name),
    stillHolds: (name) => ask('SELECT IS_USED_LOCK(?) = CONNECTION_ID() AS answer', name),
    close: () => endConnection(connection),
  };
}
