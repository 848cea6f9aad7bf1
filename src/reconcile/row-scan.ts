/**
 * Database to cache. In: one table, page by page, in the order of its row key. Out: suspects, by the page.
 * Memory does not grow with the table: one page is compared while the next is read.
 */
import type { DbRow } from '../domain/db-row.js';
import type { Brake } from './brake.js';
import type { TableCheck, TemplateCheck } from './checks.js';
import type { CacheReader, Page, PagePlace, TableReader } from './effects.js';
import { groupBy } from './look.js';
import type { Suspect } from './suspect.js';

export interface RowScanOptions {
  readonly tables: Pick<TableReader, 'page'>;
  readonly cache: Pick<CacheReader, 'strings' | 'hashes' | 'fields'>;
  readonly brake: Pick<Brake, 'rows' | 'ops'>;
  readonly rowsMax: number;
  readonly observe: RowScanObserver;
}

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
  let reading = read(after);
  for (;;) {
    const { rows, next } = await reading;
    if (next === undefined) return;
    const isLast = rows.length < rowsMax;
    if (!isLast) {
      reading = read(next);
      reading.catch(() => undefined); // told when it is waited for
    }
    await brake.ops(rows.length * compared.length, signal);
    const found = await Promise.all(compared.map((check) => compareRows(check, rows, cache, observe)));
    yield { rows: rows.length, next, suspects: found.flat() };
    if (isLast) return;
  }
}

type Held = string | null | readonly (string | null)[] | undefined;

async function compareRows(
  check: TemplateCheck,
  rows: readonly DbRow[],
  cache: RowScanOptions['cache'],
  observe: RowScanObserver,
): Promise<Suspect[]> {
  const { scanned, comparer } = check;
  const fed: DbRow[] = [];
  const keys: string[] = [];
  for (const row of rows) {
    const key = scanned.key(row);
    if (key === undefined) continue;
    fed.push(row);
    keys.push(key);
  }
  const suspects: Suspect[] = [];
  const suspect = (row: DbRow, key: string, field: string | undefined): void => {
    suspects.push({ check, key, field, by: check.lookup.scannedAt.map((index) => row[index] ?? null) });
  };
  const fields = check.variant.field === undefined ? undefined : fed.map((row) => scanned.field(row));
  const held = await heldValues(check, keys, fields, cache);
  let absent = 0;
  held.forEach((value, index) => {
    const [row, key, field] = [fed[index] ?? [], keys[index] ?? '', fields?.[index]];
    if (isAbsent(value)) {
      absent += 1;
      if (check.expectsPresent && !scanned.isGone(row)) suspect(row, key, field);
      return;
    }
    const differs = scanned.isGone(row)
      ? 'its row is marked as gone'
      : differenceOf(comparer, value, scanned.value(row));
    if (differs === undefined) return;
    observe.differs(check, differs);
    suspect(row, key, field);
  });
  observe.compared(check, held.length - absent, absent);
  return suspects;
}

function differenceOf(comparer: TemplateCheck['comparer'], value: Held, row: DbRow): string | undefined {
  if (comparer === undefined) return undefined;
  if (typeof value === 'string') return comparer.compareText(value, row)?.differs;
  if (value === undefined || value === null) return 'another type';
  return comparer.compareHash(value, row)?.differs;
}

function isAbsent(value: Held): boolean {
  if (value === undefined) return false; // something is there, of another type
  return value === null || (typeof value === 'object' && value.every((field) => field === null));
}

/** What the cache holds for each key, in their order. */
function heldValues(
  check: TemplateCheck,
  keys: readonly string[],
  fields: readonly (string | undefined)[] | undefined,
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
  fields: readonly (string | undefined)[],
  cache: RowScanOptions['cache'],
): Promise<Held[]> {
  const held = keys.map((): Held => null);
  const wanted = keys.map((_, index) => index).filter((index) => fields[index] !== undefined);
  for (const [key, indexes] of groupBy(wanted, (index) => keys[index] ?? '')) {
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
