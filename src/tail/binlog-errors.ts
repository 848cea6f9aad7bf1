import { UnstaleError, messageOf } from '../errors.js';
import { GIVE_POSITION_UP } from './way-out.js';

/** Texts of MySQL's error 1236, which covers many causes; found by provoking each on MySQL 9.7. */
const LOST_POSITION =
  /purged|could not find first log file|cannot replicate (?:because|anonymous|GTID-)|has more GTIDs than|position > file size|impossible position/i;
const SAME_SERVER_ID = /same server_uuid\/server_id|same server_id/i;
const ACCESS_DENIED = new Set([1044, 1045, 1142, 1227, 1698]);

/** Names what ended a binlog stream. What is no error of the server or of the network is one of decoding. */
export function binlogError(error: unknown): UnstaleError {
  if (error instanceof UnstaleError) return error;
  const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
  const text = messageOf(error);
  const named = (code: ConstructorParameters<typeof UnstaleError>[0], message: string): UnstaleError =>
    new UnstaleError(code, message, { cause: error });
  if (ACCESS_DENIED.has(errno)) {
    return named(
      'MYSQL_ACCESS_DENIED',
      `Reading the binlog was refused: ${text}. GRANT REPLICATION SLAVE ON *.* mends it.`,
    );
  }
  if (errno === 1236 && SAME_SERVER_ID.test(text)) {
    return named(
      'BINLOG_BROKEN',
      `Another replica uses the same mysql.serverId, and took the stream over: ${text}`,
    );
  }
  if (errno === 1236 && LOST_POSITION.test(text)) {
    return named(
      'POSITION_LOST',
      `The server cannot serve the stored position: ${text}. To go on from its present end, ${GIVE_POSITION_UP}`,
    );
  }
  if (errno !== 0 || isNetworkError(error)) return named('BINLOG_BROKEN', `The binlog stream broke: ${text}`);
  return named(
    'BINLOG_UNDECODABLE',
    `A binlog event could not be decoded: ${text} To go on behind it, ${GIVE_POSITION_UP}`,
  );
}

/** mysql2 and Node mark these with a `code`; zongji's decoding errors have none. */
function isNetworkError(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    !/^ERR_(OUT_OF_RANGE|INVALID)/.test(error.code)
  );
}
