/** In: a drifted value, and what the change topic told of its row. Out: what that says of how it came to be. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { ColumnValue, RowChange, RowImage } from '../domain/change.js';
import type { DbRow, DbValue } from '../domain/db-row.js';
import type { ColumnInfo } from '../mapping/table-schema.js';
import type { Confirmed } from './confirm.js';
import type { History } from './report.js';

/** A message that told a change of the row. */
export interface RowEvent {
  readonly change: RowChange;
  readonly gtid: string | null;
  readonly partition: number;
  readonly offset: string;
  readonly atMs: number;
}

export const EVENTS_MAX = 5;

/**
 * @param events newest last
 * @param searchedFromMs how far back the topic was searched; undefined where it is empty
 */
export function explain(
  confirmed: Confirmed,
  events: readonly RowEvent[],
  searchedFromMs: number | undefined,
): History {
  const newest = events.at(-1);
  const changes = events
    .slice(-EVENTS_MAX)
    .reverse()
    .map(({ change, gtid, partition, offset, atMs }) => ({
      at: new Date(atMs).toISOString(),
      operation: change.operation,
      changed: change.operation === 'update' ? [...change.changed] : [],
      partition,
      offset,
      gtid,
    }));
  return { ...verdictOf(confirmed, newest, searchedFromMs), changes };
}

function verdictOf(
  confirmed: Confirmed,
  newest: RowEvent | undefined,
  searchedFromMs: number | undefined,
): Pick<History, 'verdict' | 'text'> {
  if (newest === undefined) {
    const since = searchedFromMs === undefined ? '' : ` since ${new Date(searchedFromMs).toISOString()}`;
    return {
      verdict: 'no_event',
      text: `The change topic holds no change of this row${since}: nothing told that the value is wrong.`,
    };
  }
  const at = new Date(newest.atMs).toISOString();
  if (contradicts(newest.change, confirmed)) {
    return {
      verdict: 'event_missed',
      text:
        `The row is not what its last change in the topic (${at}) left: it was changed without the binlog ` +
        'telling, as by a restore, a cascade or sql_log_bin=0.',
    };
  }
  if (holdsBefore(newest.change, confirmed)) {
    return {
      verdict: 'late_fill',
      text: `The cache holds what the row was before its last change (${at}): a slow reader put it back, or its delete did not reach the cache.`,
    };
  }
  return {
    verdict: 'event_seen',
    text: `The row's last change (${at}) was told; the value was written afterwards, by something that did not read the row as it is.`,
  };
}

/** The row is there and should not be, or the other way round, or holds other values than the change left. */
function contradicts(
  change: RowChange,
  { suspect: { check }, difference: { row, kind } }: Confirmed,
): boolean {
  if (change.operation === 'delete') return row !== undefined;
  if (row === undefined) return kind === 'orphan';
  const { columns } = check.lookup;
  const carried = check.schema.columns.filter(
    ({ name, type }) => columns.includes(name) && name in change.after && type !== 'timestamp', // in which zone?
  );
  return carried.some(
    (column) => !sameValue(column, change.after[column.name], row[columns.indexOf(column.name)]),
  );
}

/** Whether the cache holds the row as it was before the change. */
function holdsBefore(change: RowChange, { suspect, held }: Confirmed): boolean {
  const { comparer, schema } = suspect.check;
  if (change.operation === 'insert' || comparer === undefined) return false;
  const before = rowOfImage(change.before, comparer.columns, schema.columns);
  return before !== undefined && comparer.compareCached(held, before) === undefined;
}

/** An image of a message as SELECT would hand it over; undefined if a column was not carried. */
function rowOfImage(
  image: RowImage,
  columns: readonly string[],
  infos: readonly ColumnInfo[],
): DbRow | undefined {
  const row = columns.map((name) => {
    const value = image[name];
    const info = infos.find((each) => each.name === name);
    return value === undefined || info === undefined ? undefined : dbValueOf(value, info.type);
  });
  return row.includes(undefined) ? undefined : (row as DbRow);
}

const BYTES = /^(binary|varbinary|tinyblob|blob|mediumblob|longblob|bit)$/;

export function dbValueOf(value: ColumnValue, type: string): DbValue {
  if (value === null) return null;
  if (type === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'object') return JSON.stringify(value);
  return typeof value === 'string' && BYTES.test(type) ? Buffer.from(value, 'base64') : value;
}

function sameValue({ type }: ColumnInfo, image: ColumnValue | undefined, held: DbValue | undefined): boolean {
  const value = dbValueOf(image ?? null, type);
  if (value === null || held === null || held === undefined) return value === (held ?? null);
  if (type === 'json') return isDeepStrictEqual(image, JSON.parse(String(held)));
  if (Buffer.isBuffer(value)) return Buffer.isBuffer(held) && value.equals(held);
  return String(value) === String(held);
}
