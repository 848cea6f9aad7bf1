/**
 * Cache to database. In: one node's keys, as SCAN hands them over. Out: keys and fields whose rows do not exist, keys
 * of the wrong type, and keys under our prefixes that no template explains. Memory does not grow with the cache.
 */
import type { DbRow } from '../domain/db-row.js';
import type { Explanation } from '../mapping/key-parser.js';
import type { Brake } from './brake.js';
import { type Checks, type TemplateCheck, lookupProblem } from './checks.js';
import type { CacheNode, CacheReader, TableReader } from './effects.js';
import { judge } from './judge.js';
import { rowsOf } from './look.js';
import type { Suspect } from './suspect.js';

export interface KeyScanOptions {
  readonly checks: Checks;
  readonly tables: Pick<TableReader, 'lookup'>;
  readonly cache: Pick<CacheReader, 'types' | 'scanFields'>;
  readonly brake: Pick<Brake, 'rows' | 'ops'>;
  readonly keysMax: number;
  readonly observe: KeyScanObserver;
}

export interface KeyScanObserver {
  /** A template could have made this key. */
  found(check: TemplateCheck): void;
  unexplained(key: string): void;
  /** A key whose value should be compared holds something of another type. */
  differs(check: TemplateCheck, how: string): void;
}

export interface ScannedKeys {
  readonly keys: number;
  /** '0' at the end. */
  readonly cursor: string;
  readonly suspects: readonly Suspect[];
}

export async function* scanKeys(
  node: Pick<CacheNode, 'scan'>,
  cursor: string,
  options: KeyScanOptions,
  signal: AbortSignal,
): AsyncGenerator<ScannedKeys> {
  let next = cursor;
  do {
    await options.brake.ops(options.keysMax, signal);
    const page = await node.scan(next, options.keysMax);
    next = page.cursor;
    const suspects = await checkKeys([...new Set(page.keys)], options, signal);
    yield { keys: page.keys.length, cursor: next, suspects };
  } while (next !== '0');
}

async function checkKeys(
  keys: readonly string[],
  options: KeyScanOptions,
  signal: AbortSignal,
): Promise<Suspect[]> {
  const { checks, observe } = options;
  const traced: Suspect[] = [];
  const hashes: string[] = [];
  for (const key of keys) {
    const trace = checks.keyParser.trace(key);
    switch (trace.kind) {
      case 'rows': {
        const suspect = suspectOfTrace(key, undefined, trace.explanations, checks);
        if (suspect === undefined) break;
        observe.found(suspect.check);
        traced.push(suspect);
        break;
      }
      case 'hash':
        hashes.push(key);
        break;
      case 'unexplained':
        observe.unexplained(key);
        break;
      case 'outside': // a template made it, perhaps; nobody can tell from which row
      case 'foreign':
        break;
    }
  }
  return [
    ...(await withoutRows(traced, options, signal)),
    ...(await ofWrongType(traced, options)),
    ...(await strayFields(hashes, options, signal)),
  ];
}

/** Undefined where looking its rows up would read a whole table. */
function suspectOfTrace(
  key: string,
  field: string | undefined,
  explanations: readonly Explanation[],
  { byVariant }: Checks,
): Suspect | undefined {
  const ways = explanations.flatMap(({ ref, columns, values }): Suspect[] => {
    const check = byVariant.get(ref.variant);
    if (check === undefined || lookupProblem(check) !== undefined) return [];
    return [{ check, key, field, by: check.lookup.by.map((name) => values[columns.indexOf(name)] ?? null) }];
  });
  const [first, ...others] = ways;
  if (first === undefined || ways.length < explanations.length) return undefined;
  return others.length === 0 ? first : { ...first, others };
}

/** Those that no row feeds. */
async function withoutRows(
  traced: readonly Suspect[],
  { tables, brake }: KeyScanOptions,
  signal: AbortSignal,
): Promise<Suspect[]> {
  if (traced.length === 0) return [];
  const ways = traced.flatMap((suspect) => [suspect, ...(suspect.others ?? [])]);
  await brake.rows(ways.length, signal);
  const rows = await rowsOf(ways, tables);
  const rowsFor = (suspect: Suspect): readonly DbRow[] => rows.get(suspect) ?? [];
  // That it is there is all that is known of the value; whether it is right is another direction's question.
  const held = { kind: 'other', type: '', digest: '' } as const;
  return traced.filter((suspect) => {
    const look = { held, rows: rowsFor(suspect), othersRows: (suspect.others ?? []).map(rowsFor) };
    const kind = judge(suspect, look)?.kind;
    return kind === 'orphan' || kind === 'secondary_key_moved';
  });
}

/** MGET passes over them in silence, so the other direction cannot see them. */
async function ofWrongType(
  traced: readonly Suspect[],
  { cache, observe }: KeyScanOptions,
): Promise<Suspect[]> {
  const texts = traced.filter(
    ({ check: { comparer } }) => comparer !== undefined && comparer.form !== 'hash',
  );
  if (texts.length === 0) return [];
  const types = await cache.types(texts.map(({ key }) => key));
  return texts.filter(({ check }, index) => {
    const type = types[index] ?? 'none';
    if (type === 'string' || type === 'none') return false;
    observe.differs(check, `a ${type} instead of a string`);
    return true;
  });
}

/** Fields of our hashes whose rows do not exist. */
async function strayFields(
  keys: readonly string[],
  options: KeyScanOptions,
  signal: AbortSignal,
): Promise<Suspect[]> {
  const { cache, checks, brake, keysMax, observe } = options;
  const types = keys.length === 0 ? [] : await cache.types(keys);
  const stray: Suspect[] = [];
  for (const [index, key] of keys.entries()) {
    if (types[index] !== 'hash') continue;
    let cursor = '0';
    do {
      await brake.ops(keysMax, signal);
      const page = await cache.scanFields(key, cursor, keysMax);
      cursor = page.cursor;
      const traced = page.fields.flatMap((field) => {
        const explanations = checks.keyParser.traceField(key, field);
        return suspectOfTrace(key, field, explanations, checks) ?? [];
      });
      for (const { check } of traced) observe.found(check);
      stray.push(...(await withoutRows(traced, options, signal)));
    } while (cursor !== '0');
  }
  return stray;
}
