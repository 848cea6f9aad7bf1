import { createHash } from 'node:crypto';
import { type CachedValue, sameCached } from '../../../src/domain/cached-value.js';
import type { UnchangedOutcome, UnchangedTarget } from '../../../src/invalidate/deletion.js';
import type { CacheNode, CacheReader, Probe } from '../../../src/reconcile/effects.js';

export type Hash = Map<string, string>;
/** A string, a hash, or anything else by its type. */
export type Stored = string | Hash | { readonly type: string };

/** A cache in memory, for our interfaces. */
export interface MemoryCache extends CacheReader {
  readonly entries: Map<string, Stored>;
  /** What the comparing form of the deletion path does. */
  deleteUnchanged(items: readonly UnchangedTarget[]): Promise<UnchangedOutcome[]>;
}

export function memoryCache(stored: Readonly<Record<string, Stored>> = {}): MemoryCache {
  const entries = new Map(Object.entries(stored));
  const places = new Map<string, number>();
  const typeOf = (key: string): string => {
    const value = entries.get(key);
    if (value === undefined) return 'none';
    if (typeof value === 'string') return 'string';
    return value instanceof Map ? 'hash' : value.type;
  };
  const hashOf = (key: string): Hash | undefined => {
    const value = entries.get(key) ?? new Map<string, string>();
    return value instanceof Map ? value : undefined;
  };
  const fieldsOf = (key: string, fields: readonly string[]): (string | null)[] | undefined => {
    const hash = hashOf(key);
    return hash && fields.map((field) => hash.get(field) ?? null);
  };
  const look = (probe: Probe): CachedValue => lookInto(entries.get(probe.key), typeOf(probe.key), probe);
  const remove = ({ target: { key, field } }: UnchangedTarget): void => {
    if (field === undefined) entries.delete(key);
    else hashOf(key)?.delete(field);
  };
  return {
    entries,
    strings: (keys) =>
      Promise.resolve(
        keys.map((key) => {
          const value = entries.get(key);
          return typeof value === 'string' ? value : null;
        }),
      ),
    hashes: (keys, fields) => Promise.resolve(keys.map((key) => fieldsOf(key, fields))),
    fields: (key, fields) => Promise.resolve(fieldsOf(key, fields)),
    types: (keys) => Promise.resolve(keys.map(typeOf)),
    nodes: () => Promise.resolve([memoryNode('a', entries, places)]),
    scanFields(key, cursor, count) {
      const page = pageOf([...(hashOf(key)?.keys() ?? [])], new Map(), cursor, count);
      return Promise.resolve({ cursor: page.cursor, fields: page.items });
    },
    snapshot: (probes) => Promise.resolve(probes.map(look)),
    close: () => Promise.resolve(),
    deleteUnchanged(items) {
      return Promise.resolve(
        items.map((item): UnchangedOutcome => {
          const now = look({ ...item.target, fields: item.fields });
          if (now.kind === 'absent' || !sameCached(now, item.held)) return 'changed';
          remove(item);
          return 'deleted';
        }),
      );
    },
  };
}

export function memoryNode(
  id: string,
  entries: ReadonlyMap<string, Stored>,
  places: Map<string, number> = new Map<string, number>(),
): CacheNode {
  return {
    id,
    keyCount: () => Promise.resolve(entries.size),
    scan(from, count) {
      const { items: keys, cursor } = pageOf([...entries.keys()], places, from, count);
      const noStrings = keys.filter((key) => typeof entries.get(key) !== 'string');
      return Promise.resolve({ cursor, keys, noStrings });
    },
    latencyMs: () => Promise.resolve(1),
  };
}

/** What is there all the time is handed over, whatever is deleted meanwhile: each item keeps its place. */
function pageOf(
  items: readonly string[],
  places: Map<string, number>,
  cursor: string,
  count: number,
): { items: string[]; cursor: string } {
  for (const item of items) if (!places.has(item)) places.set(item, places.size);
  const from = Number(cursor);
  const present = new Set(items);
  const page = [...places].filter(
    ([item, place]) => present.has(item) && place >= from && place < from + count,
  );
  return {
    items: page.map(([item]) => item),
    cursor: from + count >= places.size ? '0' : String(from + count),
  };
}

/** As the script in `redis-scripts.ts`. */
function lookInto(stored: Stored | undefined, type: string, { field, fields = [] }: Probe): CachedValue {
  if (stored === undefined) return { kind: 'absent' };
  if (stored instanceof Map && field !== undefined) return textOf(stored.get(field));
  if (typeof stored === 'string' && field === undefined) return textOf(stored);
  if (stored instanceof Map && field === undefined && fields.length > 0) {
    const values = fields.map((name) => stored.get(name));
    if (values.every((value) => value === undefined)) return { kind: 'absent' };
    return { kind: 'hash', values: values.map((value) => (value === undefined ? null : Buffer.from(value))) };
  }
  const content = stored instanceof Map ? JSON.stringify([...stored]) : JSON.stringify(stored);
  return { kind: 'other', type, digest: createHash('sha1').update(content).digest('hex') };
}

const textOf = (text: string | undefined): CachedValue =>
  text === undefined ? { kind: 'absent' } : { kind: 'string', value: Buffer.from(text) };
