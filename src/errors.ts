/**
 * Every failure that has a name: its code, its fate, and what it means. The README's table of error codes is
 * made from this. Fates: `retry` is tried again with backoff, without limit where data would be lost otherwise;
 * `park` puts the message or key aside durably and goes on; `halt` ends the process, because going on could
 * lose or delete what it must not. There is no default: what this table does not know is a bug, and halts.
 */
export type Fate = 'retry' | 'park' | 'halt';

interface ErrorKind {
  readonly fate: Fate;
  readonly exitCode: 1 | 2;
  readonly meaning: string;
}

const halt = (meaning: string, exitCode: 1 | 2 = 1): ErrorKind => ({ fate: 'halt', exitCode, meaning });
const retry = (meaning: string): ErrorKind => ({ fate: 'retry', exitCode: 1, meaning });
const park = (meaning: string): ErrorKind => ({ fate: 'park', exitCode: 1, meaning });

export const errorTable = {
  CONFIG_INVALID: halt('The configuration file has problems; all are listed.', 2),
  MAPPING_INVALID: halt("The mapping does not fit the tables' columns or keys.", 2),
  MYSQL_UNREACHABLE: retry('MySQL does not answer, or the connection broke.'),
  MYSQL_ACCESS_DENIED: halt('MySQL refuses the user, the password or a privilege.'),
  MYSQL_SETTINGS: halt(
    'The MySQL server does not log what unstale needs; the statement that mends it is named.',
  ),
  BINLOG_BROKEN: retry('The binlog stream failed or fell silent; a new one starts from the checkpoint.'),
  BINLOG_UNDECODABLE: halt('The same binlog event failed to decode twice.'),
  BINLOG_NOT_BY_ROW: halt('A change to a mapped table cannot be told row by row.'),
  POSITION_LOST: halt('The stored binlog position does not exist on this server any more.'),
  CHECKPOINT_UNREADABLE: halt('The checkpoint topic could not be read in time, or its record is damaged.'),
  LEADER_LOST: retry('Another tail leads, or the session that held the leader lock ended.'),
  KAFKA_UNREACHABLE: retry('Kafka does not answer, or refused a request for now.'),
  MESSAGE_TOO_LARGE: halt('A change is larger than the topic takes, max.message.bytes.'),
  KAFKA_TOPIC_UNSAFE: halt('An existing topic has settings that could lose messages.'),
  REDIS_UNREACHABLE: retry('Redis does not answer, or answers with an error.'),
  REDIS_UNSAFE: halt("The queue's Redis could forget jobs, or is the cache itself."),
  QUEUE_UNREACHABLE: retry('The retry queue did not acknowledge in time; the offset waits.'),
  QUEUE_FULL: retry('The retry queue has reached retry.depthMax; the offset waits.'),
  MESSAGE_UNREADABLE: park('A message on the topic is not one that unstale understands.'),
  RETRIES_EXHAUSTED: park('Keys could not be deleted in retry.attempts attempts.'),
  TABLE_CHANGED: park(
    'A table is not any more what it was when a reconcile run began; the run leaves it out.',
  ),
  PIPELINE_BEHIND: retry('The consumers did not catch up in time; a difference stays undecided.'),
  STAGE_STALLED: halt('A stage with work to do made no progress for too long.'),
  BUG: halt('An error that this table does not know.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a name. Its message says what failed, on what, and what to do. */
export class UnstaleError extends Error {
  override readonly name = 'UnstaleError';
  readonly fate: Fate;
  readonly exitCode: 1 | 2;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.fate = errorTable[code].fate;
    this.exitCode = errorTable[code].exitCode;
  }
}

/** The text of whatever was thrown; network errors of Node may have none but a code. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error.message === '' ? ('code' in error ? String(error.code) : error.name) : error.message;
}
