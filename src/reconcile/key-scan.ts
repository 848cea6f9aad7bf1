/**
 * Cache to database. In: one node's keys, as SCAN hands them over. Out: keys and fields whose rows do not exist, keys
 * of the wrong type, and keys under our prefixes that no template explains. Memory does not grow with the cache.
 */
import { workAhead } from './ahead.js';
import type { Brake } from './brake.js';
import type { Checks, TemplateCheck } from './checks.js';
import type { CacheNode, CacheReader, KeyPage, TableReader } from './effects.js';
import { fedPlaces } from './look.js';
import type { Suspect } from './suspect.js';
import { suspectOfTrace } from './ways.js';

export interface KeyScanOptions {
  readonly checks: Checks;
  readonly tables: Pick<TableReader, 'lookup'>;
  readonly cache: Pick<CacheReader, 'types' | 'scanFields'>;
  readonly brake: Pick<Brake, 'rows' | 'ops'>;
  readonly keysMax: number;
  readonly observe: KeyScanObserver;
}

/** Told of a page right before it is handed over. */
export interface KeyScanObserver {
  /** A template could have made so many keys or fields. */
  found(check: TemplateCheck, count: number): void;
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

/** While MySQL looks up the rows of one page's keys, another page's keys are parsed. */
const PAGES_AT_A_TIME = 2;

export async function* scanKeys(
  node: Pick<CacheNode, 'scan'>,
  cursor: string,
  options: KeyScanOptions,
  signal: AbortSignal,
): AsyncGenerator<ScannedKeys> {
  const { brake, keysMax, observe } = options;
  const read = async (from: string): Promise<KeyPage> => {
    await brake.ops(keysMax, signal);
    return node.scan(from, keysMax);
  };
  const checked = workAhead({
    first: cursor,
    read,
    nextOf: (page) => (page.cursor === '0' ? undefined : page.cursor),
    work: async (page) => ({ page, findings: await checkKeys(page, options, signal) }),
    piecesAtATime: PAGES_AT_A_TIME,
  });
  for await (const { page, findings } of checked) {
    for (const [check, count] of findings.found) observe.found(check, count);
    for (const key of findings.unexplained) observe.unexplained(key);
    for (const { check, how } of findings.differing) observe.differs(check, how);
    yield { keys: page.keys.length, cursor: page.cursor, suspects: findings.suspects };
  }
}

/** What a page showed. */
interface Findings {
  readonly suspects: Suspect[];
  readonly found: Map<TemplateCheck, number>;
  readonly unexplained: string[];
  readonly differing: { readonly check: TemplateCheck; readonly how: string }[];
}

async function checkKeys(page: KeyPage, options: KeyScanOptions, signal: AbortSignal): Promise<Findings> {
  const { checks } = options;
  const findings: Findings = { suspects: [], found: new Map(), unexplained: [], differing: [] };
  const traced: Suspect[] = [];
  const hashes: string[] = [];
  for (const key of new Set(page.keys)) {
    const trace = checks.keyParser.trace(key);
    switch (trace.kind) {
      case 'rows': {
        const suspect = suspectOfTrace({ key, field: undefined }, trace.explanations, checks);
        if (suspect !== undefined) traced.push(suspect);
        break;
      }
      case 'hash':
        hashes.push(key);
        break;
      case 'unexplained':
        findings.unexplained.push(key);
        break;
      case 'outside': // a template made it, perhaps; nobody can tell from which row
      case 'foreign':
        break;
    }
  }
  count(traced, findings);
  const orphans = await withoutRows(traced, options, signal);
  findings.suspects.push(...orphans);
  if (page.noStrings.length > 0) {
    const left = new Set(page.noStrings);
    for (const { key } of orphans) left.delete(key);
    await findMistyped(
      traced.filter(({ key }) => left.has(key)),
      options,
      findings,
    );
  }
  await findStrayFields(hashes, options, findings, signal);
  return findings;
}

function count(traced: readonly Suspect[], { found }: Findings): void {
  for (const { check } of traced) found.set(check, (found.get(check) ?? 0) + 1);
}

/** Those that no row feeds. */
async function withoutRows(
  traced: readonly Suspect[],
  { tables, brake }: KeyScanOptions,
  signal: AbortSignal,
): Promise<Suspect[]> {
  if (traced.length === 0) return [];
  const others = traced.flatMap((suspect) => suspect.others ?? []);
  const ways = others.length === 0 ? traced : [...traced, ...others];
  await brake.rows(ways.length, signal);
  const isFed = await fedPlaces(ways, tables);
  return traced.filter((suspect) => !isFed(suspect) && suspect.others?.some(isFed) !== true);
}

/** MGET passes over them in silence, so the other direction cannot see them. */
async function findMistyped(
  traced: readonly Suspect[],
  { cache }: KeyScanOptions,
  { suspects, differing }: Findings,
): Promise<void> {
  const texts = traced.filter(
    ({ check: { comparer } }) => comparer !== undefined && comparer.form !== 'hash',
  );
  if (texts.length === 0) return;
  const types = await cache.types(texts.map(({ key }) => key));
  for (const [index, suspect] of texts.entries()) {
    const type = types[index] ?? 'none';
    if (type === 'string' || type === 'none') continue;
    differing.push({ check: suspect.check, how: `a ${type} instead of a string` });
    suspects.push(suspect);
  }
}

/** Fields of our hashes whose rows do not exist. */
async function findStrayFields(
  keys: readonly string[],
  options: KeyScanOptions,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const { cache, checks, brake, keysMax } = options;
  const types = keys.length === 0 ? [] : await cache.types(keys);
  for (const [index, key] of keys.entries()) {
    if (types[index] !== 'hash') continue;
    let cursor = '0';
    do {
      await brake.ops(keysMax, signal);
      const page = await cache.scanFields(key, cursor, keysMax);
      cursor = page.cursor;
      const traced = page.fields.flatMap((field) => {
        const explanations = checks.keyParser.traceField(key, field);
        return suspectOfTrace({ key, field }, explanations, checks) ?? [];
      });
      count(traced, findings);
      findings.suspects.push(...(await withoutRows(traced, options, signal)));
    } while (cursor !== '0');
  }
}
