import { UnstaleError } from '../errors.js';
import type { JsonValue, RowChange, RowImage } from './change.js';

/** Where a change came from; the names are those of Debezium's source block. */
export interface MessageSource {
  readonly connector: 'mysql';
  /** The configuration's `name`. */
  readonly name: string;
  readonly db: string;
  readonly table: string;
  readonly server_id: number;
  readonly gtid: string | null;
  readonly file: string;
  readonly pos: number;
  /** Which row of its binlog event, from 0. */
  readonly row: number;
  /** When the source logged the transaction, ms since 1970, whole seconds. */
  readonly ts_ms: number;
}

/** A message's value as it lies in the topic: Debezium's envelope without a schema. */
export interface Envelope {
  readonly before: RowImage | null;
  readonly after: RowImage | null;
  readonly changed: readonly string[];
  readonly source: MessageSource;
  readonly op: 'c' | 'u' | 'd';
  /** When unstale made the message, ms since 1970. */
  readonly ts_ms: number;
  readonly v: 1;
}

/**
 * Reads a message's value. Only what the stages need is looked at, so that richer envelopes pass.
 * @throws UnstaleError MESSAGE_UNREADABLE, saying what is wrong with it
 */
export function parseMessage(value: Buffer | null): RowChange {
  if (value === null || value.length === 0) throw unreadable('it has no value');
  const envelope = asObject(parseJson(value), 'the value');
  const source = asObject(envelope.source, 'source');
  const { db, table } = source;
  if (typeof db !== 'string' || typeof table !== 'string')
    throw unreadable('source.db and source.table must be strings');
  const name = { db, table };
  switch (envelope.op) {
    case 'c':
      return { operation: 'insert', table: name, after: asImage(envelope.after, 'after') };
    case 'd':
      return { operation: 'delete', table: name, before: asImage(envelope.before, 'before') };
    case 'u':
      return {
        operation: 'update',
        table: name,
        before: asImage(envelope.before, 'before'),
        after: asImage(envelope.after, 'after'),
        changed: asNames(envelope.changed),
      };
    default:
      throw unreadable(`op is ${JSON.stringify(envelope.op)}, expected "c", "u" or "d"`);
  }
}

function parseJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
}

type JsonObject = Readonly<Record<string, JsonValue>>;

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw unreadable(`${what} is not an object`);
}

const asImage = (value: unknown, what: string): RowImage => asObject(value, what);

function asNames(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw unreadable('changed is not a list of column names');
}

function unreadable(why: string, cause?: unknown): UnstaleError {
  return new UnstaleError('MESSAGE_UNREADABLE', `The message cannot be read: ${why}.`, { cause });
}
