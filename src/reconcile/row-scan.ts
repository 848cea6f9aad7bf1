/**
 * Database to cache. In: one table, page by page, in the order of its row key. Out: suspects, by the page.
 * Memory does not grow with the table: some pages are compared while the next is read.
 */
import type { DbRow } from '../domain/db-row.js';
import { workAhead } from './ahead.js';
import type { Brake } from './brake.js';
import type { TableCheck, TemplateCheck } from './checks.js';
import type { CacheReader, Page, PagePlace, TableReader } from './effects.js';
import { groupBy } from './look.js';
import type { Suspect } from './suspect.js';

export interface RowScanOptions {
  readonly tables: Pick<TableReader, 'page'>;
  readonly cache: Pick<CacheReader, 'strings' | 'hashes' | 'fields' | 'types'>;
  readonly brake: Pick<Brake, 'rows' | 'ops'>;
  readonly rowsMax: number;
  readonly observe: RowScanObserver;
}

/** Told of a page right before it is handed over. */
export interface RowScanObserver {
  /** Of one template: so many values were compared with their rows, so many were not in the cache. */
  compared(check: TemplateCheck, compared: number, absent: number): void;
  differs(check: TemplateCheck, how: string): void;
}

/** One page was compared; `next` is where to go on. */
export interface ScannedPage {
  readonly rows: number;
  readonly next: PagePlace | undefined;
  readonly suspects: readonly Suspect[];
}

/** While Redis is asked for one page's values, another page is compared. */
const PAGES_AT_A_TIME = 2;

export async function* scanRows(
  { schema, columns, compared }: TableCheck,
  after: PagePlace | undefined,
  { tables, cache, brake, rowsMax, observe }: RowScanOptions,
  signal: AbortSignal,
): AsyncGenerator<ScannedPage> {
  const read = async (place: PagePlace | undefined): Promise<Page> => {
    await brake.rows(rowsMax, signal);
    return tables.page({ schema, columns, after: place, rowsMax });
  };
  const checked = workAhead({
    first: after,
    read,
    nextOf: ({ rows, next }) => (rows.length < rowsMax ? undefined : next),
    work: async ({ rows, next }) => {
      await brake.ops(rows.length * compared.length, signal);
      return {
        rows,
        next,
        findings: await Promise.all(compared.map((check) => compareRows(check, rows, cache))),
      };
    },
    piecesAtATime: PAGES_AT_A_TIME,
  });
  for await (const { rows, next, findings } of checked) {
    if (rows.length === 0) return;
    for (const { check, held, absent, differing } of findings) {
      for (const how of differing) observe.differs(check, how);
      observe.compared(check, held - absent, absent);
    }
    yield { rows: rows.length, next, suspects: findings.flatMap(({ suspects }) => suspects) };
  }
}

/** What a page showed of one template. */
interface Findings {
  readonly check: TemplateCheck;
  readonly suspects: Suspect[];
  /** How each value differs that does. */
  readonly differing: string[];
  /** So many values were asked for. */
  held: number;
  /** So many of them are not there. */
  absent: number;
}

type Held = string | null | readonly (string | null)[] | undefined;

async function compareRows(
  check: TemplateCheck,
  rows: readonly DbRow[],
  cache: RowScanOptions['cache'],
): Promise<Findings> {
  const { scanned, comparer } = check;
  const fed: DbRow[] = [];
  const keys: string[] = [];
  const fields: string[] | undefined = check.variant.field === undefined ? undefined : [];
  for (const row of rows) {
    const key = scanned.key(row);
    const field = scanned.field(row);
    if (key === undefined || (fields !== undefined && field === undefined)) continue; // it feeds nothing
    fed.push(row);
    keys.push(key);
    fields?.push(field ?? '');
  }
  const held = await heldValues(check, keys, fields, cache);
  const types = await otherTypes(keys, held, cache);
  const findings: Findings = { check, suspects: [], differing: [], held: held.length, absent: 0 };
  let index = -1;
  for (const row of fed) {
    index += 1;
    const key = keys[index] ?? '';
    const value = held[index];
    if (isAbsent(value)) {
      findings.absent += 1;
      if (!check.expectsPresent || scanned.isGone(row)) continue;
    } else {
      const differs = scanned.isGone(row)
        ? 'its row is marked as gone'
        : differenceOf(comparer, value, { row: scanned.value(row), type: types.get(key) ?? '' });
      if (differs === undefined) continue;
      findings.differing.push(differs);
    }
    const by = check.lookup.scannedAt.map((at) => row[at] ?? null);
    findings.suspects.push({ check, key, field: fields?.[index], by });
  }
  return findings;
}

/** In the words of `judge`, so that what differs alike is known as such once it is confirmed. */
function differenceOf(
  comparer: TemplateCheck['comparer'],
  value: Held,
  { row, type }: { readonly row: DbRow; readonly type: string },
): string | undefined {
  if (comparer === undefined) return undefined;
  if (typeof value === 'string') return comparer.compareText(value, row)?.differs;
  if (value !== undefined && value !== null) return comparer.compareHash(value, row)?.differs;
  const difference = comparer.compareCached({ kind: 'other', type, digest: '' }, row);
  return difference === 'absent' ? undefined : difference?.differs;
}

/** By key, where something lies that is not what was asked for. */
async function otherTypes(
  keys: readonly string[],
  held: readonly Held[],
  cache: RowScanOptions['cache'],
): Promise<ReadonlyMap<string, string>> {
  const others = [...new Set(keys.filter((_, index) => held[index] === undefined))];
  if (others.length === 0) return new Map();
  const types = await cache.types(others);
  return new Map(others.map((key, index) => [key, types[index] ?? '']));
}

function isAbsent(value: Held): boolean {
  if (value === undefined) return false; // something is there, of another type
  return value === null || (typeof value === 'object' && value.every((field) => field === null));
}

/** What the cache holds for each key, in their order. */
function heldValues(
  check: TemplateCheck,
  keys: readonly string[],
  fields: readonly string[] | undefined,
  cache: RowScanOptions['cache'],
): Promise<Held[]> {
  if (keys.length === 0) return Promise.resolve([]);
  if (fields !== undefined) return fieldValues(keys, fields, cache);
  if (check.comparer?.form === 'hash') return cache.hashes(keys, check.comparer.fields);
  return cache.strings(keys);
}

/** Rows of one hash are asked for together. */
async function fieldValues(
  keys: readonly string[],
  fields: readonly string[],
  cache: RowScanOptions['cache'],
): Promise<Held[]> {
  const held = keys.map((): Held => null);
  for (const [key, indexes] of groupBy(keys.keys(), (index) => keys[index] ?? '')) {
    const values = await cache.fields(
      key,
      indexes.map((index) => fields[index] ?? ''),
    );
    indexes.forEach((index, at) => {
      held[index] = values === undefined ? undefined : (values[at] ?? null);
    });
  }
  return held;
}
