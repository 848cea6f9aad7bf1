import { createComparer, type Comparer } from '../../../src/compare/comparer.js';
import type { DbValue } from '../../../src/domain/db-row.js';
import type { ValueMapping } from '../../../src/mapping/table-mapping.js';

/** @param types from each column's name to its type */
export const comparerOf = (value: ValueMapping, types: Readonly<Record<string, string>>): Comparer =>
  createComparer(
    value,
    Object.entries(types).map(([name, type]) => ({ name, type, nullable: true })),
  );

type Verdict = 'equal' | 'stale' | 'unparseable';

/** Of a key that holds one column's text. */
export function asString(type: string, held: string, row: DbValue): Verdict {
  const comparer = comparerOf({ kind: 'string', column: 'c' }, { c: type });
  return comparer.compareText(held, [row])?.kind ?? 'equal';
}

/** @param held the value's JSON text, as it lies in a document */
export function inJson(type: string, held: string, row: DbValue): Verdict {
  const comparer = comparerOf({ kind: 'json', columns: { v: 'c' } }, { c: type });
  return comparer.compareText(`{"v":${held}}`, [row])?.kind ?? 'equal';
}

export function inHash(type: string, held: string | null, row: DbValue): Verdict {
  const comparer = comparerOf({ kind: 'hash', columns: { f: 'c' } }, { c: type });
  return comparer.compareHash([held], [row])?.kind ?? 'equal';
}
