import { z } from 'zod';
import { DRIFT_KINDS, type DriftKind } from '../domain/drift.js';

const count = () => z.int().min(0);
const perKind = () => z.record(z.enum(DRIFT_KINDS), count());

/** What a run has counted so far; kept with its place, so that another process can go on. */
export const tallySchema = z.object({
  rows: count(),
  keys: count(),
  compared: count(),
  unexplained: count(),
  rowsMs: z.number(),
  keysMs: z.number(),
  tables: z.record(
    z.string(),
    z.object({
      rows: count(),
      compared: count(),
      absent: count(),
      keys: count(),
      drift: perKind(),
      repaired: count(),
      undecided: count(),
    }),
  ),
});

export type Tally = z.infer<typeof tallySchema>;
export type TableTally = Tally['tables'][string];

export const noDrift = (): Record<DriftKind, number> =>
  Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, 0])) as Record<DriftKind, number>;

export const emptyTally = (): Tally => ({
  rows: 0,
  keys: 0,
  compared: 0,
  unexplained: 0,
  rowsMs: 0,
  keysMs: 0,
  tables: {},
});

/** The counts of one table, made at the first call. */
export function tallyOf(tally: Tally, table: string): TableTally {
  return (tally.tables[table] ??= {
    rows: 0,
    compared: 0,
    absent: 0,
    keys: 0,
    drift: noDrift(),
    repaired: 0,
    undecided: 0,
  });
}

/** How many of our values have been looked at: both directions come upon the same ones, so they are not added up. */
export function lookedAt({ compared, tables }: Tally): number {
  const keys = Object.values(tables).reduce((sum, table) => sum + table.keys, 0);
  return Math.max(compared, keys);
}

/** Of all tables together. */
export function totals(tally: Tally): {
  drift: Record<DriftKind, number>;
  repaired: number;
  undecided: number;
} {
  const drift = noDrift();
  let repaired = 0;
  let undecided = 0;
  for (const table of Object.values(tally.tables)) {
    for (const kind of DRIFT_KINDS) drift[kind] += table.drift[kind];
    repaired += table.repaired;
    undecided += table.undecided;
  }
  return { drift, repaired, undecided };
}
