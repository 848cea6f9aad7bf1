import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalCluster, startRedisCluster } from '../../infra/local/redis-cluster.js';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import { connectCacheReader } from '../../src/clients/cache-reader.js';
import type { RedisConfig } from '../../src/config/redis-schema.js';
import { createLogger } from '../../src/ops/logger.js';
import type { CacheNode, CacheReader } from '../../src/reconcile/effects.js';
import { prepareSlotMove } from '../support/slot-move.js';
import { until } from '../support/until.js';

/** Elsewhere the servers run in containers only. */
const NATIVE = existsSync('/usr/bin/apt-get');
const log = createLogger({ level: 'silent' });
const prefix = `t${randomBytes(4).toString('hex')}:`;
const keysOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function reader(config: RedisConfig): CacheReader {
  const opened = connectCacheReader(config, log);
  cleanups.push(() => opened.close());
  return opened;
}

const single = (url = inject('servers').cache, keyPrefix = ''): RedisConfig => ({
  kind: 'single',
  url,
  keyPrefix,
});

async function ownServer(set = 'test-cache-reader-one'): Promise<LocalServers<'cache'>> {
  const options = { fresh: true, native: true, progress: 'quiet' } as const;
  return startServers({ ...options, set, only: ['cache'] });
}

async function callHungServer() {
  const servers = await ownServer('test-cache-reader-hung');
  const cache = connectCacheReader(single(servers.addresses.cache), log);
  await cache.strings(['a']);
  await servers.server('cache').pause();
  const startedMs = performance.now();
  const answer = cache.strings(['a']).catch((error: unknown) => ({
    error,
    afterMs: performance.now() - startedMs,
  }));
  const stop = async (): Promise<void> => {
    await cache.close();
    await servers.stop();
  };
  return { answer, stop };
}

let cluster: LocalCluster | undefined;
const clusterConfig = (keyPrefix = ''): RedisConfig => ({
  kind: 'cluster',
  nodes: clusterNodes(),
  keyPrefix,
});
const clusterNodes = () =>
  (cluster?.addresses ?? []).map((address) => {
    const [host = '', port] = address.split(':');
    return { host, port: Number(port) };
  });

/** Begun at the start, since it takes its time. */
let hanging: Awaited<ReturnType<typeof callHungServer>> | undefined;

beforeAll(async () => {
  if (!NATIVE) return;
  hanging = await callHungServer();
  cluster = await startRedisCluster({ set: 'test-cache-reader' });
});

afterAll(async () => {
  await hanging?.stop();
  const redis = new Redis(inject('servers').cache);
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>)
    if (keys.length > 0) await redis.unlink(...keys);
  redis.disconnect();
  await cluster?.stop();
});

const kinds: [string, (keyPrefix?: string) => RedisConfig, () => Redis | Cluster][] = [
  [
    'one server',
    (keyPrefix) => single(inject('servers').cache, keyPrefix),
    () => new Redis(inject('servers').cache),
  ],
];
if (NATIVE) kinds.push(['a cluster', clusterConfig, () => new Cluster(clusterNodes())]);

describe.each(kinds)('reading %s', (_, configOf, connect) => {
  let redis: Redis | Cluster;

  beforeAll(async () => {
    redis = connect();
    await Promise.all([
      ...keysOf(5_000).map((key, index) => redis.set(key, `value ${index}`)),
      redis.hset(`${prefix}hash`, { a: '1', b: '', ü: 'ß' }),
      redis.rpush(`${prefix}list`, 'x', 'y'),
      redis.set(`${prefix}binary`, allBytes),
      redis.hset(`${prefix}binary hash`, 'field', allBytes),
      redis.hset(
        `${prefix}large`,
        Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`f${index}`, `v${index}`])),
      ),
    ]);
  });

  afterAll(() => {
    redis.disconnect();
  });

  test('strings come in the order of their keys, and null for what is missing or no string', async () => {
    const keys = keysOf(5_000);
    const odd = [`${prefix}missing`, `${prefix}hash`, `${prefix}list`];
    const values = await reader(configOf()).strings([...odd, ...keys]);
    expect(values).toEqual([null, null, null, ...keys.map((_, index) => `value ${index}`)]);
  });

  test('of no keys there are no values', async () => {
    const cache = reader(configOf());
    expect(await cache.strings([])).toEqual([]);
    expect(await cache.hashes([], ['a'])).toEqual([]);
    expect(await cache.types([])).toEqual([]);
    expect(await cache.snapshot([])).toEqual([]);
    expect(await cache.fields(`${prefix}hash`, [])).toEqual([]);
  });

  test('of hashes come the asked fields; a missing key has none of them, another type is told apart', async () => {
    const keys = [`${prefix}0`, `${prefix}hash`, `${prefix}missing`, `${prefix}list`];
    expect(await reader(configOf()).hashes(keys, ['b', 'none', 'ü'])).toEqual([
      undefined,
      ['', null, 'ß'],
      [null, null, null],
      undefined,
    ]);
  });

  test('many fields of one hash come in their order', async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => (index === 700 ? 'none' : `f${index}`));
    const cache = reader(configOf());
    const values = await cache.fields(`${prefix}large`, names);
    expect(values).toEqual(names.map((name) => (name === 'none' ? null : name.replace('f', 'v'))));
    expect(await cache.fields(`${prefix}list`, names)).toBeUndefined();
  });

  test('types have the names that Redis gives them', async () => {
    const keys = ['0', 'hash', 'list', 'missing'].map((name) => prefix + name);
    expect(await reader(configOf()).types(keys)).toEqual(['string', 'hash', 'list', 'none']);
  });

  test('scanning every node finds every key', async () => {
    const nodes = await reader(configOf()).nodes();
    const found = await scanAll(nodes);
    expect(keysOf(5_000).filter((key) => !found.has(key))).toEqual([]);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
    const counts = await Promise.all(nodes.map((node) => node.keyCount()));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(5_005);
    for (const node of nodes) expect(await node.latencyMs()).toBeGreaterThan(0);
  });

  test('scanning tells which keys hold no string', async () => {
    const noStrings = new Set<string>();
    for (const node of await reader(configOf(prefix)).nodes()) {
      let cursor = '0';
      do {
        const page = await node.scan(cursor, 1_000);
        for (const key of page.noStrings) noStrings.add(key);
        cursor = page.cursor;
      } while (cursor !== '0');
    }
    const others = [...noStrings].map((key) => key.slice(prefix.length));
    expect(others).toEqual(expect.arrayContaining(['hash', 'large', 'list']));
    expect(others.filter((name) => /^\d+$/.test(name))).toEqual([]);
  });

  test('a key prefix is no pattern', async () => {
    const odd = `${prefix}[a]*?\\`;
    await Promise.all([redis.set(`${odd}:1`, 'ours'), redis.set(`${prefix}a*?:1`, 'not ours')]);
    const found = await scanAll(await reader(configOf(odd)).nodes());
    expect([...found]).toEqual([`${odd}:1`]);
  });

  test('the fields of a large hash come bit by bit, and none of what is no hash', async () => {
    const cache = reader(configOf());
    const found = new Set<string>();
    let pages = 0;
    let cursor = '0';
    do {
      const page = await cache.scanFields(`${prefix}large`, cursor, 100);
      for (const field of page.fields) found.add(field);
      cursor = page.cursor;
      pages += 1;
    } while (cursor !== '0');
    expect(found.size).toBe(2_000);
    expect(pages).toBeGreaterThan(2);
    expect(await cache.scanFields(`${prefix}list`, '0', 100)).toEqual({ cursor: '0', fields: [] });
  });

  test('a snapshot shows exactly what lies there', async () => {
    const cache = reader(configOf());
    const at = (key: string, look: object = {}) => ({ key: prefix + key, ...look });
    const seen = await cache.snapshot([
      at('missing'),
      at('binary'),
      at('binary', { fields: ['a'] }),
      at('hash', { fields: ['a', 'none', 'b'] }),
      at('hash', { fields: ['none'] }),
      at('missing', { fields: ['a'] }),
      at('binary hash', { field: 'field', fields: ['a'] }),
      at('binary hash', { field: 'none' }),
      at('missing', { field: 'a' }),
    ]);
    const binary = { kind: 'string', value: allBytes };
    const absent = { kind: 'absent' };
    expect(seen).toEqual([
      ...[absent, binary, binary],
      { kind: 'hash', values: [Buffer.from('1'), null, Buffer.from('')] },
      ...[absent, absent, binary, absent, absent],
    ]);
  });

  test('a snapshot shows of anything else its type and a digest, which is another one after a change', async () => {
    const cache = reader(configOf());
    const probes = [
      { key: `${prefix}list` },
      { key: `${prefix}hash` },
      { key: `${prefix}hash`, fields: [] },
      { key: `${prefix}0`, field: 'a' },
    ];
    const before = await cache.snapshot(probes);
    expect(before.map((seen) => seen.kind === 'other' && seen.type)).toEqual([
      'list',
      'hash',
      'hash',
      'string',
    ]);
    expect(await cache.snapshot(probes)).toEqual(before);
    await redis.rpush(`${prefix}list`, 'z');
    const [list, ...others] = await cache.snapshot(probes);
    expect(list).not.toEqual(before[0]);
    expect(others).toEqual(before.slice(1));
  });

  test('snapshots survive that the server forgets its scripts', async () => {
    const cache = reader(configOf());
    const probe = { key: `${prefix}binary` };
    await cache.snapshot([probe]);
    const servers = redis instanceof Cluster ? redis.nodes('master') : [redis];
    await Promise.all(servers.map((server) => server.script('FLUSH')));
    expect(await cache.snapshot([probe, probe])).toHaveLength(2);
  });
});

describe('a server that is away', () => {
  test('is named without its password', async () => {
    const cache = reader(single('redis://unstale:secret@127.0.0.1:1/0'));
    const failure = cache.strings(['a']);
    await expect(failure).rejects.toMatchObject({ name: 'UnstaleError', code: 'REDIS_UNREACHABLE' });
    await expect(failure).rejects.toThrow(/unstale:\*\*\*@127\.0\.0\.1:1/);
    await expect(failure).rejects.not.toThrow(/secret/);
  });
});

describe.runIf(NATIVE)('a server', () => {
  test('that only breaks its connections goes on with the same cursors', async () => {
    const servers = await ownServer();
    cleanups.push(() => servers.stop());
    const url = servers.addresses.cache;
    const cache = reader(single(url));
    const [node] = await cache.nodes();
    const scan = async () => node?.scan('0', 10);
    await scan();

    const redis = new Redis(url);
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    redis.disconnect();

    expect(await until(scan, { what: 'the connection to come back' })).toEqual({
      cursor: '0',
      keys: [],
      noStrings: [],
    });
    expect(await idsOf(cache)).toEqual([node?.id]);
  });

  test('that is killed fails every call until it is back, and then refuses the cursors of before', async () => {
    const servers = await ownServer();
    cleanups.push(() => servers.stop());
    const server = servers.server('cache');
    const cache = reader(single(servers.addresses.cache));
    const [node] = await cache.nodes();
    const scan = async () => node?.scan('0', 10);
    await scan();

    await server.kill();
    const calls = [
      () => cache.strings(['a']),
      () => cache.snapshot([{ key: 'a' }]),
      () => cache.nodes(),
      scan,
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });

    await server.start();
    await until(() => cache.strings(['a']), { what: 'the connection to come back' });
    await expect(scan()).rejects.toThrow(/was restarted/);
    expect(await idsOf(cache)).not.toEqual([node?.id]);
  });

  test('that hangs fails the call after 5 s', async () => {
    const answer = await hanging?.answer;
    expect(answer).toMatchObject({ error: { code: 'REDIS_UNREACHABLE' } });
    const { afterMs } = answer as { afterMs: number };
    expect(afterMs).toBeGreaterThan(4_900);
    expect(afterMs).toBeLessThan(8_000); // a busy machine notices late
  });
});

describe.runIf(NATIVE)('a cluster', () => {
  test('that moves a slot is read right all the while, and the two nodes are others then', async () => {
    const cache = reader(clusterConfig());
    const redis = new Cluster(clusterNodes());
    cleanups.push(() => {
      redis.disconnect();
    });
    // All in one slot, beside some in all the others.
    const keys = [...Array.from({ length: 200 }, (_, index) => `{${prefix}}${index}`), ...keysOf(300)];
    await Promise.all(keys.map((key, index) => redis.set(key, `value ${index}`)));
    const expected = [null, ...keys.map((_, index) => `value ${index}`)];
    const isRight = async (): Promise<void> => {
      const asked = [`{${prefix}}missing`, ...keys];
      expect(await cache.strings(asked)).toEqual(expected);
      const seen = await cache.snapshot(asked.map((key) => ({ key })));
      expect(seen.map((each) => (each.kind === 'string' ? each.value.toString() : null))).toEqual(expected);
    };
    const idsBefore = await idsOf(cache);

    const move = await prepareSlotMove(
      cluster?.addresses ?? [],
      await redis.cluster('KEYSLOT', `{${prefix}}`),
    );
    await isRight();
    await move.begin();
    await isRight();
    await move.moveKeys(50);
    await isRight();
    const idsMeanwhile = await idsOf(cache);
    for (let step = 0; step < 5; step += 1) await Promise.all([move.moveKeys(20), isRight()]);
    await Promise.all([move.finish(), isRight()]);
    await isRight();

    const idsAfter = await idsOf(cache);
    for (const [earlier, later] of [
      [idsBefore, idsMeanwhile],
      [idsMeanwhile, idsAfter],
    ] as const)
      expect(later.filter((id) => !earlier.includes(id))).toHaveLength(2);
    expect((await scanAll(await cache.nodes())).size).toBeGreaterThanOrEqual(keys.length);
  });

  test('of which a primary is killed cannot be read in part, and comes back', async () => {
    const cache = reader(clusterConfig());
    const keys = keysOf(50);
    const before = await cache.nodes();
    const [victim] = cluster?.primaries ?? [];

    await victim?.kill();
    for (const call of [() => cache.strings(keys), () => cache.nodes(), () => scanAll(before)])
      await expect(call()).rejects.toMatchObject({ code: 'REDIS_UNREACHABLE' });

    await victim?.start();
    const values = await until(() => cache.strings(keys), { what: 'the whole cluster' });
    const lost = values.filter((value) => value === null).length;
    expect(lost).toBeGreaterThan(0); // it comes back empty
    expect(lost).toBeLessThan(keys.length);
    expect((await idsOf(cache)).filter((id) => before.some((node) => node.id === id))).toHaveLength(2);
  });
});

const idsOf = async (cache: CacheReader): Promise<string[]> => (await cache.nodes()).map(({ id }) => id);

async function scanAll(nodes: readonly CacheNode[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const node of nodes) {
    let cursor = '0';
    do {
      const page = await node.scan(cursor, 1_000);
      for (const key of page.keys) found.add(key);
      cursor = page.cursor;
    } while (cursor !== '0');
  }
  return found;
}
