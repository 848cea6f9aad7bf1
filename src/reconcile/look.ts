import type { CachedValue } from '../domain/cached-value.js';
import type { DbRow } from '../domain/db-row.js';
import type { TemplateCheck } from './checks.js';
import type { CacheReader, TableReader } from './effects.js';
import type { Look } from './judge.js';
import { type Suspect, suspectId } from './suspect.js';

export interface Eyes {
  readonly cache: Pick<CacheReader, 'snapshot'>;
  readonly tables: Pick<TableReader, 'lookup'>;
}

const LOOKUP_VALUES_MAX = 1_000;

/** Looks at each suspect's place in the cache, then at its rows: in this order, see `confirm.ts`. */
export async function lookAt(suspects: readonly Suspect[], { cache, tables }: Eyes): Promise<Look[]> {
  const held = await snapshots(suspects, cache);
  const rows = await rowsOf(
    suspects.flatMap((suspect) => [suspect, ...(suspect.others ?? [])]),
    tables,
  );
  return suspects.map((suspect, index) => ({
    held: held[index] ?? { kind: 'absent' },
    rows: rows.get(suspect) ?? [],
    othersRows: (suspect.others ?? []).map((other) => rows.get(other) ?? []),
  }));
}

export function snapshots(
  suspects: readonly Suspect[],
  cache: Pick<CacheReader, 'snapshot'>,
): Promise<CachedValue[]> {
  return cache.snapshot(
    suspects.map(({ check, key, field }) => ({ key, field, fields: check.comparer?.fields })),
  );
}

/** The rows that each suspect's lookup finds, one query for many suspects of a template. */
export async function rowsOf(
  suspects: readonly Suspect[],
  tables: Pick<TableReader, 'lookup'>,
): Promise<ReadonlyMap<Suspect, readonly DbRow[]>> {
  const found = new Map<Suspect, readonly DbRow[]>();
  for (const [check, ofCheck] of groupBy(suspects, ({ check }) => check)) {
    for (let from = 0; from < ofCheck.length; from += LOOKUP_VALUES_MAX) {
      const part = ofCheck.slice(from, from + LOOKUP_VALUES_MAX);
      for (const [suspect, rows] of await rowsOfCheck(check, part, tables)) found.set(suspect, rows);
    }
  }
  return found;
}

async function rowsOfCheck(
  check: TemplateCheck,
  suspects: readonly Suspect[],
  tables: Pick<TableReader, 'lookup'>,
): Promise<Map<Suspect, DbRow[]>> {
  const { by, columns, distinct, foundAt, reader } = check.lookup;
  const wanted = new Map(suspects.map((suspect) => [valuesId(suspect.by), suspect.by]));
  const rows = await tables.lookup({
    schema: check.schema,
    columns,
    by,
    values: [...wanted.values()],
    distinct,
  });
  // By the key that a row makes, and by the values it was looked up by: a row that moved on makes another key.
  const byPlace = groupBy(rows, (row) => suspectId({ key: reader.key(row) ?? '', field: reader.field(row) }));
  const byValues = groupBy(rows, (row) => valuesId(foundAt.map((index) => row[index] ?? null)));
  return new Map(
    suspects.map((suspect) => [
      suspect,
      [
        ...new Set([
          ...(byPlace.get(suspectId(suspect)) ?? []),
          ...(byValues.get(valuesId(suspect.by)) ?? []),
        ]),
      ],
    ]),
  );
}

/**
 * Tells of each of the suspects whether a row feeds it now. That takes less than `rowsOf`, and it is asked of every key
 * in the cache.
 */
export async function fedPlaces(
  suspects: readonly Suspect[],
  tables: Pick<TableReader, 'lookup'>,
): Promise<(suspect: Suspect) => boolean> {
  const fed = new Map<TemplateCheck, Set<string>>();
  for (const [check, ofCheck] of groupBy(suspects, (suspect) => suspect.check)) {
    const { schema, lookup } = check;
    const { by, columns, distinct, reader } = lookup;
    const places = new Set<string>();
    fed.set(check, places);
    for (let from = 0; from < ofCheck.length; from += LOOKUP_VALUES_MAX) {
      const values = ofCheck.slice(from, from + LOOKUP_VALUES_MAX).map((suspect) => suspect.by);
      for (const row of await tables.lookup({ schema, columns, by, values, distinct })) {
        const key = reader.isGone(row) ? undefined : reader.key(row);
        if (key !== undefined) places.add(placeOf(key, reader.field(row)));
      }
    }
  }
  return ({ check, key, field }) => fed.get(check)?.has(placeOf(key, field)) === true;
}

/** Among those of one template. */
const placeOf = (key: string, field: string | undefined): string =>
  field === undefined ? key : suspectId({ key, field });

/** Numbers and their digits are the same value: a key's text and a row may tell them apart. */
export const valuesId = (values: DbRow): string =>
  JSON.stringify(
    values.map((value) => (Buffer.isBuffer(value) ? `x${value.toString('hex')}` : String(value))),
  );

export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
