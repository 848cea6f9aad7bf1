import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalCluster, startRedisCluster } from '../../infra/local/redis-cluster.js';
import { connectCacheReader } from '../../src/clients/cache-reader.js';
import { type CacheClient, connectCache } from '../../src/clients/redis.js';
import type { RedisConfig } from '../../src/config/redis-schema.js';
import type { CacheKey, Target } from '../../src/domain/cache-key.js';
import { type CachedValue, sameCached } from '../../src/domain/cached-value.js';
import { type UnchangedTarget, createUnchangedDeletion } from '../../src/invalidate/deletion.js';
import { createLogger } from '../../src/ops/logger.js';
import type { CacheReader } from '../../src/reconcile/effects.js';
import { prepareSlotMove } from '../support/slot-move.js';

/** Elsewhere the servers run in containers only. */
const NATIVE = existsSync('/usr/bin/apt-get');
const log = createLogger({ level: 'silent' });
const prefix = `t${randomBytes(4).toString('hex')}:`;

let cluster: LocalCluster | undefined;

beforeAll(async () => {
  if (NATIVE) cluster = await startRedisCluster({ set: 'test-delete-unchanged' });
});

afterAll(async () => {
  await cluster?.stop();
});

const clusterNodes = () =>
  (cluster?.addresses ?? []).map((address) => {
    const [host = '', port] = address.split(':');
    return { host, port: Number(port) };
  });

interface Kind {
  readonly name: string;
  config(): RedisConfig;
  connect(): Redis | Cluster;
}

const kinds: Kind[] = [
  {
    name: 'one server',
    config: () => ({ kind: 'single', url: inject('servers').cache, keyPrefix: '' }),
    connect: () => new Redis(inject('servers').cache),
  },
];
if (NATIVE) {
  kinds.push({
    name: 'a cluster',
    config: () => ({ kind: 'cluster', nodes: clusterNodes(), keyPrefix: '' }),
    connect: () => new Cluster(clusterNodes()),
  });
}

describe.each(kinds)('deleting what did not change, on $name', ({ name, config, connect }) => {
  let redis: Redis | Cluster;
  let cache: CacheClient;
  let reader: CacheReader;

  beforeAll(async () => {
    redis = connect();
    cache = connectCache(config(), log);
    reader = connectCacheReader(config(), log);
    await cache.ping();
  });

  afterAll(async () => {
    redis.disconnect();
    await cache.close();
    await reader.close();
  });

  const at = (key: string, field?: string): Target => {
    const whole = { key: (prefix + key) as CacheKey };
    return field === undefined ? whole : { ...whole, field };
  };
  const look = async (
    targets: readonly Target[],
    fields: readonly string[] = [],
  ): Promise<UnchangedTarget[]> => {
    const held = await reader.snapshot(targets.map((target) => ({ ...target, fields })));
    return targets.map((target, index) => ({ target, held: held[index] ?? { kind: 'absent' }, fields }));
  };
  const remove = (items: readonly UnchangedTarget[]) => createUnchangedDeletion(cache)(items);
  const exists = async (key: string): Promise<boolean> => (await redis.exists(prefix + key)) === 1;

  test('what still holds the same is deleted, whatever it is', async () => {
    await redis.set(`${prefix}string`, randomBytes(300));
    await redis.set(`${prefix}empty`, '');
    await redis.rpush(`${prefix}list`, 'a', randomBytes(10));
    await redis.zadd(`${prefix}sorted`, 1, 'a');
    await redis.hset(`${prefix}hash`, 'a', '1');
    const keys = ['string', 'empty', 'list', 'sorted', 'hash'];
    const items = await look(keys.map((key) => at(key)));
    expect(items.map(({ held }) => held.kind)).toEqual(['string', 'string', 'other', 'other', 'other']);

    expect(await remove(items)).toEqual(keys.map(() => 'deleted'));
    for (const key of keys) expect(await exists(key)).toBe(false);
    expect(await remove(items)).toEqual(keys.map(() => 'changed'));
  });

  test('what changed between stays', async () => {
    await redis.set(`${prefix}filled`, 'old');
    await redis.rpush(`${prefix}longer`, 'a');
    await redis.set(`${prefix}retyped`, 'a');
    const items = await look([at('filled'), at('longer'), at('retyped')]);
    await redis.set(`${prefix}filled`, 'new');
    await redis.rpush(`${prefix}longer`, 'b');
    await redis.del(`${prefix}retyped`);
    await redis.hset(`${prefix}retyped`, 'a', 'a');

    expect(await remove(items)).toEqual(['changed', 'changed', 'changed']);
    expect(await redis.get(`${prefix}filled`)).toBe('new');
    expect(await redis.lrange(`${prefix}longer`, 0, -1)).toEqual(['a', 'b']);
    expect(await exists('retyped')).toBe(true);
  });

  test('of a field only the field is compared and deleted', async () => {
    await redis.hset(`${prefix}products`, { 1: 'one', 2: 'two', 3: 'three' });
    const items = await look([at('products', '1'), at('products', '2')]);
    await redis.hset(`${prefix}products`, { 2: 'zwei', 3: 'drei' });

    expect(await remove(items)).toEqual(['deleted', 'changed']);
    expect(await redis.hgetall(`${prefix}products`)).toEqual({ 2: 'zwei', 3: 'drei' });
  });

  test('of a hash with declared fields only those are compared, and all of it is deleted', async () => {
    for (const key of ['same', 'changed', 'grown'])
      await redis.hset(`${prefix}${key}`, { a: '1', b: '', other: 'x' });
    const items = await look([at('same'), at('changed'), at('grown')], ['a', 'b', 'c']);
    await redis.hset(`${prefix}same`, 'other', 'y');
    await redis.hset(`${prefix}changed`, 'b', ' ');
    await redis.hset(`${prefix}grown`, 'c', '');

    expect(await remove(items)).toEqual(['deleted', 'changed', 'changed']);
    expect(await exists('same')).toBe(false);
    expect(await redis.hget(`${prefix}grown`, 'other')).toBe('x');
  });

  test('what was absent is never deleted, not even a hash that has other fields', async () => {
    await redis.hset(`${prefix}others`, 'other', 'x');
    const items = await look([at('others'), at('nothing')], ['a']);
    expect(items.map(({ held }) => held.kind)).toEqual(['absent', 'absent']);

    expect(await remove(items)).toEqual(['changed', 'changed']);
    for (const item of items) expect(await cache.deleteUnchanged(item)).toBe(false);
    expect(await exists('others')).toBe(true);
  });

  test('one that Redis refuses spoils no other', async () => {
    await redis.set(`${prefix}no hash`, 'x');
    await redis.set(`${prefix}fine`, 'x');
    const outcomes = await remove(await look([at('no hash', 'a'), at('fine')]));
    expect(outcomes).toEqual([{ error: expect.stringMatching(/WRONGTYPE/) as string }, 'deleted']);
    expect(await exists('no hash')).toBe(true);
  });

  test('is done exactly when two snapshots are the same', async () => {
    const values = fc.constantFrom('', '0', 'a', '\u0000', 'ü');
    const content = fc.oneof(
      fc.record({ type: fc.constant('none') }),
      fc.record({ type: fc.constant('string'), value: values }),
      fc.record({ type: fc.constant('list'), value: values }),
      fc.record({ type: fc.constant('hash'), value: fc.dictionary(fc.constantFrom('a', 'b', 'c'), values) }),
    );
    const put = async (key: string, { type, value }: { type: string; value?: unknown }): Promise<void> => {
      await redis.del(key);
      if (type === 'string') await redis.set(key, value as string);
      if (type === 'list') await redis.rpush(key, value as string);
      if (type === 'hash' && Object.keys(value as object).length > 0) await redis.hset(key, value as object);
    };
    const looks = fc.constantFrom({ fields: [] }, { fields: ['a', 'b'] }, { field: 'a', fields: [] });
    await fc.assert(
      fc.asyncProperty(content, content, looks, async (before, after, { fields, ...place }) => {
        const target = { ...at('any'), ...place };
        await put(target.key, before);
        const [seen] = await look([target], fields);
        await put(target.key, after);
        const [now] = await look([target], fields);
        const [outcome] = await remove(seen === undefined ? [] : [seen]);
        expect(outcome).toEqual(expectedOutcome(seen?.held, now?.held, target));
      }),
      { numRuns: 200 },
    );
  });

  if (name !== 'a cluster') return;

  test('works while the slot moves', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `{${prefix}}${index}`);
    await Promise.all(keys.map((key) => redis.set(key, 'same')));
    const targets = keys.map((key) => ({ key: key as CacheKey }));
    const items = await look(targets);
    await redis.set(keys[39] ?? '', 'another');
    const slot = await redis.cluster('KEYSLOT', `{${prefix}}`);
    const move = await prepareSlotMove(cluster?.addresses ?? [], slot);
    await move.begin();
    await move.moveKeys(20);
    // Of each half some have moved already.
    const [even, odd] = [0, 1].map((rest) => items.filter((_, index) => index % 2 === rest));
    expect(await remove(even ?? [])).toEqual(even?.map(() => 'deleted'));
    await move.finish();
    expect(await remove(odd ?? [])).toEqual([...(odd?.slice(1).map(() => 'deleted') ?? []), 'changed']);
    expect(await redis.get(keys[39] ?? '')).toBe('another');
  });
});

/** Redis itself refuses to delete a field of what is no hash. */
function expectedOutcome(seen: CachedValue | undefined, now: CachedValue | undefined, { field }: Target) {
  if (seen === undefined || now === undefined) return undefined;
  if (seen.kind === 'absent' || !sameCached(seen, now)) return 'changed';
  return field !== undefined && seen.kind === 'other'
    ? { error: expect.stringMatching(/WRONGTYPE/) as string }
    : 'deleted';
}
