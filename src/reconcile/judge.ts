import type { CachedValue } from '../domain/cached-value.js';
import type { DbRow } from '../domain/db-row.js';
import type { DriftKind } from '../domain/drift.js';
import type { Suspect } from './suspect.js';

/** What was seen of a suspect at one moment: what the cache holds, and the rows that its lookup found. */
export interface Look {
  readonly held: CachedValue;
  readonly rows: readonly DbRow[];
  /** The same for each of its others. */
  readonly othersRows: readonly (readonly DbRow[])[];
}

/** How a value differs from what it should be. */
export interface Difference {
  readonly kind: DriftKind;
  /** A short phrase, the same for all that differ alike. */
  readonly differs: string;
  /** The row that it should show, in the order of the check's lookup; undefined without one. */
  readonly row: DbRow | undefined;
}

/** Whether what the cache holds contradicts the database. Pure; nothing is drift before it is confirmed. */
export function judge(suspect: Suspect, { held, rows, othersRows }: Look): Difference | undefined {
  const { check, others = [] } = suspect;
  const row = rowOf(suspect, rows);
  if (held.kind === 'absent') {
    return check.expectsPresent && row !== undefined
      ? { kind: 'missing', differs: 'missing', row }
      : undefined;
  }
  if (row === undefined) {
    const isFedOtherwise = others.some((other, index) => rowOf(other, othersRows[index] ?? []) !== undefined);
    return isFedOtherwise || suspect.mayBeFedUnseen === true ? undefined : withoutRow(suspect, rows);
  }
  if (check.comparer === undefined) return undefined;
  const difference = check.comparer.compareCached(held, check.lookup.reader.value(row));
  if (difference === undefined || difference === 'absent') return undefined;
  const isOfAnother = others.some((other, index) => mayShow(other, othersRows[index] ?? [], held));
  return isOfAnother ? undefined : { ...difference, row };
}

/** Whether a row of another shard feeds the key, too, and may be the one whose value is there. */
function mayShow(other: Suspect, rows: readonly DbRow[], held: CachedValue): boolean {
  const { comparer, lookup } = other.check;
  const row = rowOf(other, rows);
  if (row === undefined) return false;
  return comparer === undefined || comparer.compareCached(held, lookup.reader.value(row)) === undefined;
}

/** The row that feeds the key now; undefined if none does, or if it is marked as gone. */
function rowOf(suspect: Suspect, rows: readonly DbRow[]): DbRow | undefined {
  const { reader } = suspect.check.lookup;
  return rows.find((row) => feeds(suspect, row) && !reader.isGone(row));
}

function feeds({ check: { lookup }, key, field }: Suspect, row: DbRow): boolean {
  return lookup.reader.key(row) === key && (field === undefined || lookup.reader.field(row) === field);
}

/** No row makes this key now. What its lookup found all the same tells whether the row is gone, or has moved on. */
function withoutRow(suspect: Suspect, rows: readonly DbRow[]): Difference {
  const { byRowKey } = suspect.check.lookup;
  if (rows.some((row) => feeds(suspect, row)))
    return { kind: 'orphan', differs: 'its row is marked as gone', row: undefined };
  if (byRowKey && rows.length === 0) return { kind: 'orphan', differs: 'its row is gone', row: undefined };
  const row = byRowKey ? rows[0] : undefined;
  return { kind: 'secondary_key_moved', differs: 'no row has these values', row };
}
