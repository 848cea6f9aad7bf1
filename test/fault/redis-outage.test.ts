import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import { type Items, type Load, createItems } from '../support/items.js';
import { messagesBehind } from '../support/progress.js';
import { survives } from '../support/under-load.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

const QUEUED = 'unstale_retry_depth';
const PAUSED = 'unstale_paused_partitions{stage="invalidate"}';

describe('while rows change', () => {
  let own: LocalServers<'cache' | 'queue'>;
  let world: World;
  let items: Items;
  let path: string;
  let unstale: UnstaleProcess;

  beforeAll(async () => {
    own = await startServers({
      set: 'redis-outage',
      fresh: true,
      only: ['cache', 'queue'],
      progress: 'quiet',
    });
    world = await createWorld({ ...inject('servers'), ...own.addresses });
    items = await createItems(world);
    path = await world.configure(items.tables, {
      settle: { after: ['1s'] },
      retry: { attempts: 1_000, backoff: '100ms', maxBackoff: '1s' },
    });
    unstale = await world.run(path);
  });
  afterAll(async () => {
    await items.close();
    await world.close();
    await own.stop();
  });

  /** So that one failure is one failure. */
  afterEach(async () => {
    await acceptWrites();
    await own.server('queue').start();
  });

  /** As after a failover: it keeps its keys, and refuses to delete them. */
  const refuseWrites = () => world.cache.replicaof('127.0.0.1', 1);
  const acceptWrites = () => world.cache.replicaof('NO', 'ONE');
  const untilMetric = (name: string, isThere: (value: number) => boolean) =>
    until(async () => isThere(await unstale.metric(name)), { what: `${name} to change` });

  test('the cache is killed and started again, and no key stays stale', async () => {
    await survives({ world, items, unstale }, async (load) => {
      await own.server('cache').kill();
      await load.untilMore(100);
      await own.server('cache').start();
    });
  });

  test('the cache is restarted in order, and no key stays stale', async () => {
    await survives({ world, items, unstale }, () => own.server('cache').restart());
  });

  test('the cache refuses deletes for a while, and no key stays stale', async () => {
    await survives({ world, items, unstale }, async (load) => {
      await refuseWrites();
      await load.untilMore(300);
      await untilMetric(QUEUED, (jobs) => jobs > 0);
      await acceptWrites();
    });
  });

  test('the queue is killed and started again, which delays nothing', async () => {
    await survives({ world, items, unstale }, async (load) => {
      await own.server('queue').kill();
      await load.untilMore(300);
      await world.fill('item:1');
      await world.untilGone('item:1');
      await own.server('queue').start();
    });
  });

  test('keys in the queue outlive a kill -9 of the process and of the queue', async () => {
    await items.warm();
    await refuseWrites();
    await changeRows(items, 300);
    const changed = (await items.stale()).length;
    expect(changed).toBeGreaterThan(300);
    await until(async () => (await messagesBehind(world)) === 0, { what: 'all messages to be committed' });
    unstale.kill('SIGKILL');
    await unstale.exited;
    await own.server('queue').kill();
    await own.server('queue').start();
    expect(await items.stale()).toHaveLength(changed); // nothing but the queue knows of them now
    await acceptWrites();
    unstale = await world.run(path);
    await items.untilNoneStale(50_000);
  });

  test('with neither cache nor queue no offset moves, and nothing is lost by a kill -9', async () => {
    await items.warm();
    await refuseWrites();
    await own.server('queue').kill();
    await changeRows(items, 300);
    await untilMetric(PAUSED, (partitions) => partitions === 3);
    const behind = await messagesBehind(world);
    expect(behind).toBeGreaterThan(200);
    await changeRows(items, 300);
    expect(await messagesBehind(world)).toBeGreaterThanOrEqual(behind + 200);
    expect(unstale.isRunning(), unstale.log()).toBe(true);
    unstale.kill('SIGKILL');
    await unstale.exited;
    await Promise.all([acceptWrites(), own.server('queue').start()]);
    unstale = await world.run(path);
    await items.untilNoneStale();
  });

  test('cache and queue are away at once and come back, and no key stays stale', async () => {
    await survives({ world, items, unstale }, async (load) => {
      await refuseWrites();
      await own.server('queue').kill();
      await load.untilMore(300);
      await untilMetric(PAUSED, (partitions) => partitions === 3);
      await own.server('queue').start();
      await load.untilMore(100);
      await acceptWrites();
    });
  });

  test('after all of that it stops in order', async () => {
    expect(await unstale.stop()).toBe(0);
  });
});

async function changeRows(items: Items, count: number): Promise<void> {
  const load: Load = items.startLoad();
  await load.untilMore(count).finally(() => load.stop());
}
