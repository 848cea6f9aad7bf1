/**
 * Compares what the cache holds with what MySQL says. In: the cache's keys, in chunks. Out: which of them are
 * stale. A value that differs because its change is on the way this moment is not: a key counts only if it holds
 * the same wrong value at a second look.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Pool } from 'mysql2/promise';
import { keyOf, thingOf, type Thing } from './shop/keys.js';
import { loadValues, type Values } from './shop/values.js';

export interface StaleKey {
  readonly key: string;
  readonly cached: string;
  /** What the key should hold; undefined where its row is gone. */
  readonly expected: string | undefined;
}

export interface AuditResult {
  /** How many cached values were compared. */
  readonly cached: number;
  readonly stale: readonly StaleKey[];
}

export interface AuditOptions {
  readonly mysql: Pool;
  readonly cache: Redis;
  /** How long after the first look a suspect is looked at again. */
  readonly lookAgainMs: number;
  /** Rests between chunks, so that the audit does not slow down what it looks at. */
  readonly gentle: boolean;
}

const chunkKeys = 500;
/** How long it rests after a chunk, as a multiple of what the chunk took. */
const restsPerWork = 1.5;

/** One pass over the whole cache. */
export async function audit({ mysql, cache, lookAgainMs, gentle }: AuditOptions): Promise<AuditResult> {
  const things = await listThings(cache);
  let cached = 0;
  const suspects: StaleKey[] = [];
  for (const chunk of chunksOf(things)) {
    const startedMs = performance.now();
    const compared = await compare(mysql, cache, chunk);
    cached += compared.cached;
    suspects.push(...compared.differing);
    if (gentle) await pause((performance.now() - startedMs) * restsPerWork);
  }
  if (suspects.length === 0) return { cached, stale: [] };

  await pause(lookAgainMs);
  const stale: StaleKey[] = [];
  for (const chunk of chunksOf(suspects)) {
    const { differing } = await compare(
      mysql,
      cache,
      chunk.flatMap(({ key }) => thingOf(key) ?? []),
    );
    stale.push(...staleAtBothLooks(chunk, differing));
  }
  return { cached, stale };
}

/** Those that hold the same wrong value as before. Whoever holds another one was refilled in between. */
export function staleAtBothLooks(before: readonly StaleKey[], now: readonly StaleKey[]): StaleKey[] {
  const cachedBefore = new Map(before.map(({ key, cached }) => [key, cached]));
  return now.filter(({ key, cached }) => cachedBefore.get(key) === cached);
}

/** The keys whose cached value is not what it should be. A key that holds nothing is never stale. */
export function differingKeys(cached: Values, expected: Values): StaleKey[] {
  return [...cached].flatMap(([key, value]) =>
    expected.get(key) === value ? [] : { key, cached: value, expected: expected.get(key) },
  );
}

async function compare(mysql: Pool, cache: Redis, things: readonly Thing[]) {
  const keys = things.map(keyOf);
  const values = await cache.mget(keys);
  const cached = new Map(
    keys.flatMap((key, n) => (typeof values[n] === 'string' ? [[key, values[n]] as const] : [])),
  );
  const expected = await loadValues(mysql, things);
  return { cached: cached.size, differing: differingKeys(cached, expected) };
}

/**
 * In the order of their keys: so a product's keys lie in one chunk and need its row once. Keys that are not the
 * shop's are none of ours. SCAN may name a key twice.
 */
async function listThings(cache: Redis): Promise<Thing[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await cache.scan(cursor, 'COUNT', chunkKeys);
    for (const key of found) keys.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...keys].sort().flatMap((key) => thingOf(key) ?? []);
}

function chunksOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / chunkKeys) }, (_, n) =>
    items.slice(n * chunkKeys, (n + 1) * chunkKeys),
  );
}
