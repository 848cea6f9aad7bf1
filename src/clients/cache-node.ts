import { createHash, randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CacheNode } from '../reconcile/effects.js';
import type { Primary } from './cache-routes.js';

export interface CacheNodeOptions {
  readonly primary: Primary;
  readonly isCluster: boolean;
  /** Only these keys are listed; empty: all. */
  readonly keyPrefix: string;
}

/**
 * A handle to one server, as it is now: after it was restarted, or was given other slots, and the connection broke
 * with that, the handle is of no use any more, and says so instead of scanning on with a cursor that means nothing.
 */
export async function openCacheNode({ primary, isCluster, keyPrefix }: CacheNodeOptions): Promise<CacheNode> {
  const opened = connectionOf(primary);
  const id = await identify(opened, isCluster);
  let known: Redis['stream'] | undefined = opened.stream;
  const matching = keyPrefix === '' ? [] : ['MATCH', `${escapeGlob(keyPrefix)}*`];
  /** Another connection may be one to another process. */
  const same = async (): Promise<Redis> => {
    const current = connectionOf(primary);
    if (current.stream !== known) {
      known = undefined;
      const now = await identify(current, isCluster);
      if (now !== id) throw new Error(`${primary.address} was restarted, or has other slots`);
      known = current.stream;
    }
    return current;
  };
  return {
    id,
    keyCount: async () => (await same()).dbsize(),
    async scan(cursor, count) {
      const redis = await same();
      const options = [...matching, 'COUNT', String(count)];
      // Both come to the same keys, and that is much less work than a TYPE for each key.
      const [[next, keys], [, strings]] = (await Promise.all([
        redis.call('SCAN', cursor, ...options),
        redis.call('SCAN', cursor, ...options, 'TYPE', 'string'),
      ])) as [ScanReply, ScanReply];
      return { cursor: next, keys, noStrings: without(keys, strings) };
    },
    async latencyMs() {
      const redis = await same();
      const startedMs = performance.now();
      await redis.ping();
      return performance.now() - startedMs;
    },
  };
}

type ScanReply = [cursor: string, keys: string[]];

function without(keys: readonly string[], others: readonly string[]): readonly string[] {
  if (keys.length === others.length && keys.every((key, index) => key === others[index])) return [];
  const excluded = new Set(others);
  return keys.filter((key) => !excluded.has(key));
}

function connectionOf({ address, connection }: Primary): Redis {
  const redis = connection();
  if (redis === undefined) throw new Error(`there is no connection to ${address}`);
  return redis;
}

async function identify(redis: Redis, isCluster: boolean): Promise<string> {
  const [info, nodes] = await Promise.all([redis.info('server'), isCluster ? redis.cluster('NODES') : '']);
  // A server that does not tell is taken for another one every time: better to begin anew than to miss a key.
  const runId = /^run_id:(\w+)/m.exec(info)?.[1] ?? randomUUID();
  return isCluster ? `${runId}:${slotsDigest(String(nodes))}` : runId;
}

/**
 * Of the slots that a node has, takes over and hands on, as it says itself, and of its epoch, which grows with every
 * slot that it has taken over: slots that went and came back are another state. The other nodes' slots are no matter.
 */
export function slotsDigest(clusterNodes: string): string {
  const own = clusterNodes.split('\n').find((line) => line.split(' ')[2]?.includes('myself')) ?? '';
  const [, , , , , , epoch, , ...slots] = own.trim().split(' ');
  return createHash('sha1')
    .update([epoch, ...slots].join(' '))
    .digest('hex')
    .slice(0, 16);
}

/** So that a pattern means the text itself. */
export const escapeGlob = (text: string): string => text.replaceAll(/[\\*?[\]]/g, '\\$&');
