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
    nodes: () => Promise.resolve([memoryNode('a', entries)]),
    scanFields(key, cursor, count) {
      const page = pageOf([...(hashOf(key)?.keys() ?? [])], cursor, count);
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

export function memoryNode(id: string, entries: ReadonlyMap<string, Stored>): CacheNode {
  return {
    id,
    keyCount: () => Promise.resolve(entries.size),
    scan(from, count) {
      const { items: keys, cursor } = pageOf([...entries.keys()], from, count);
      const noStrings = keys.filter((key) => typeof entries.get(key) !== 'string');
      return Promise.resolve({ cursor, keys, noStrings });
    },
    latencyMs: () => Promise.resolve(1),
  };
}

function pageOf(all: readonly string[], cursor: string, count: number): { items: string[]; cursor: string } {
  const from = Number(cursor);
  const to = from + count;
  return { items: all.slice(from, to), cursor: to >= all.length ? '0' : String(to) };
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
