/**
 * Learns from Redis when keys are deleted, by keyspace notifications: no polling, so no load that would distort what
 * is measured. DEL and UNLINK both come as event `del`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

export interface KeyWatch {
  /** A change is about to set these keys. */
  readonly expect: (id: number, keys: readonly string[]) => void;
  /** COMMIT has returned for the change, at this time of `performance.now()`. */
  readonly committed: (id: number, atMs: number) => void;
  /** Resolves when all expected keys are gone, or after `giveUpMs`. */
  readonly allGone: (giveUpMs: number) => Promise<void>;
  /** Latency is from COMMIT's return to the last key's deletion: negative if that came first, undefined if never. */
  readonly results: () => readonly { readonly id: number; readonly latencyMs: number | undefined }[];
  readonly close: () => Promise<void>;
}

interface Change {
  committedMs: number | undefined;
  goneMs: number | undefined;
  keysLeft: number;
}

const lookEveryMs = 20;

export async function createKeyWatch(cacheUrl: string): Promise<KeyWatch> {
  const subscriber = new Redis(cacheUrl);
  await subscriber.config('SET', 'notify-keyspace-events', 'Eg'); // key events of generic commands
  const changes = new Map<number, Change>();
  const waiting = new Map<string, Change>();
  let open = 0;

  subscriber.on('message', (_channel: string, key: string) => {
    const goneMs = performance.now();
    const change = waiting.get(key);
    if (change === undefined) return;
    waiting.delete(key);
    change.keysLeft -= 1;
    if (change.keysLeft > 0) return;
    change.goneMs = goneMs;
    open -= 1;
  });
  await subscriber.subscribe(`__keyevent@${new URL(cacheUrl).pathname.slice(1) || '0'}__:del`);

  return {
    expect(id, keys) {
      const change = { committedMs: undefined, goneMs: undefined, keysLeft: keys.length };
      changes.set(id, change);
      for (const key of keys) waiting.set(key, change);
      open += 1;
    },
    committed(id, atMs) {
      const change = changes.get(id);
      if (change !== undefined) change.committedMs = atMs;
    },
    async allGone(giveUpMs) {
      const untilMs = performance.now() + giveUpMs;
      while (open > 0 && performance.now() < untilMs) await pause(lookEveryMs);
    },
    results: () =>
      [...changes].map(([id, { committedMs, goneMs }]) => ({
        id,
        latencyMs: committedMs === undefined || goneMs === undefined ? undefined : goneMs - committedMs,
      })),
    async close() {
      await subscriber.unsubscribe();
      await subscriber.config('SET', 'notify-keyspace-events', '');
      subscriber.disconnect();
    },
  };
}
