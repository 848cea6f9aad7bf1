import { Cluster } from 'ioredis';
import { afterEach, expect, inject, test } from 'vitest';
import { startRedisCluster } from '../../infra/local/redis-cluster.js';
import { reportSchema } from '../../src/reconcile/report.js';
import { type Planted, type Shop, createShop } from '../support/shop.js';
import { type World, createWorld } from '../support/world.js';

/** A short form; more with the variable, such as 20. */
const RUNS = Number(process.env.UNSTALE_RECONCILE_RUNS ?? 1);
const WRITES_PER_SECOND = 2_000;
const RUN_MAX_MS = 40_000;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close();
});

const placesOf = (found: readonly Planted[]): string[] =>
  found.map(({ key, field, kind }) => `${kind} ${key} ${field ?? ''}`).sort();

/** Each run finds what was planted before it, and nothing else, while rows change and are read all the time. */
async function findsThePlantedAndNothingElse(world: World, shop: Shop, redis: object): Promise<void> {
  const path = await world.configure(shop.tables, {
    redis,
    settle: { after: '300ms' },
    // A machine that is busy with the load itself must not make it wait.
    reconcile: { confirmAfter: '200ms', maxRedisLatency: '1m', chunk: 500 },
  });
  const unstale = await world.run(path);
  const load = shop.startLoad(WRITES_PER_SECOND);
  closers.push(() => load.stop());
  for (let run = 1; run <= RUNS; run += 1) {
    const planted = await shop.plant();
    const writesBefore = load.writes();
    const { code, stdout, stderr } = await world.command('reconcile', '-c', path, '--json');
    expect(code, `${stderr}\n${unstale.log()}`).toBe(3);
    const report = reportSchema.parse(JSON.parse(stdout));
    expect(report.status).toBe('finished');
    expect(placesOf(report.samples), `run ${run} of ${RUNS}`).toEqual(placesOf(planted));
    expect(Object.values(report.drift).reduce((sum, count) => sum + count, 0)).toBe(planted.length);
    expect(report.repaired).toBe(planted.length);
    expect(await shop.left(planted)).toEqual([]);
    const perSecond = ((load.writes() - writesBefore) * 1_000) / report.durationMs;
    expect(perSecond, 'the load was there').toBeGreaterThan(WRITES_PER_SECOND / 2);
  }
}

test(
  `${RUNS} runs under ${WRITES_PER_SECOND} writes/s find each planted drift and raise no false alarm: one Redis`,
  { timeout: 60_000 + RUNS * RUN_MAX_MS },
  async () => {
    const world = await createWorld(inject('servers'));
    closers.push(() => world.close());
    const shop = await createShop(world, world.cache);
    closers.push(() => shop.close());
    await findsThePlantedAndNothingElse(world, shop, {});
  },
);

test(
  `${RUNS} runs under ${WRITES_PER_SECOND} writes/s find each planted drift and raise no false alarm: a cluster`,
  { timeout: 60_000 + RUNS * RUN_MAX_MS },
  async () => {
    const { addresses, stop } = await startRedisCluster({ set: 'test-cluster' });
    closers.push(stop);
    const world = await createWorld(inject('servers'));
    closers.push(() => world.close());
    const nodes = addresses.map((address) => {
      const [host = '', port = ''] = address.split(':');
      return { host, port: Number(port) };
    });
    const cluster = new Cluster(nodes);
    closers.push(async () => cluster.quit());
    const shop = await createShop(world, cluster);
    closers.push(() => shop.close());
    await findsThePlantedAndNothingElse(world, shop, { url: undefined, cluster: [...addresses] });
  },
);
