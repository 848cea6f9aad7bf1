/**
 * Measures from outside how long a key outlives the commit that made it stale. In: connections of its own. Out:
 * latencies in ms, from the moment COMMIT has returned to the writer until EXISTS says 0; too long by up to one
 * round trip to Redis, never too short. Probes start on schedule, whether or not earlier ones have ended.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { probeCategory } from '../schema.js';
import { keyOf, type Thing } from '../shop/keys.js';
import { loadValues } from '../shop/values.js';

export interface ProbeOptions {
  readonly mysql: Pool;
  readonly cache: Redis;
  readonly probesPerSecond: number;
  /** Called once a probe; undefined says that the key was still there after `giveUpMs`. */
  readonly onResult: (latencyMs: number | undefined) => void;
}

export interface Probe {
  /** Resolves when it has been stopped and no probe is under way; rejects when it fails. */
  readonly closed: Promise<void>;
  readonly stop: () => void;
}

export const giveUpMs = 5000;
/** So long it looks without a pause, afterwards more and more rarely, so that a slow delete is no load. */
const closeLookMs = 5;

export async function startProbe({ mysql, cache, probesPerSecond, onResult }: ProbeOptions): Promise<Probe> {
  const ids = await probeIds(mysql);
  let open = true;

  const run = async (): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    const startedMs = performance.now();
    for (let n = 0; open; n += 1) {
      const id = ids[n % ids.length];
      if (id === undefined) throw new Error('The shop has no products for the probe.');
      // At most probesPerSecond * giveUpMs are under way, since each ends by then. One that fails fails the thread.
      const probe = probeOnce({ mysql, cache, id })
        .then(onResult)
        .finally(() => underWay.delete(probe));
      underWay.add(probe);
      await pause(startedMs + ((n + 1) * 1000) / probesPerSecond - performance.now());
    }
    await Promise.all(underWay);
  };

  return {
    closed: run(),
    stop() {
      open = false;
    },
  };
}

async function probeOnce({
  mysql,
  cache,
  id,
}: {
  mysql: Pool;
  cache: Redis;
  id: number;
}): Promise<number | undefined> {
  const thing: Thing = { kind: 'product', id };
  const key = keyOf(thing);
  const value = (await loadValues(mysql, [thing])).get(key);
  if (value === undefined) throw new Error(`Product ${id} of the probe has no row.`);
  await cache.set(key, value);
  await mysql.query('UPDATE products SET stock = stock + 1 WHERE id = ?', [id]); // commits by itself
  const committedMs = performance.now();
  for (;;) {
    const there = await cache.exists(key);
    const elapsedMs = performance.now() - committedMs;
    if (there === 0) return elapsedMs;
    if (elapsedMs > giveUpMs) return undefined;
    if (elapsedMs > closeLookMs) await pause(Math.max(1, elapsedMs / 20));
  }
}

async function probeIds(mysql: Pool): Promise<number[]> {
  const [rows] = await mysql.query<({ id: number } & RowDataPacket)[]>(
    'SELECT id FROM products WHERE category_id = ? ORDER BY id',
    [probeCategory],
  );
  return rows.map(({ id }) => id);
}
