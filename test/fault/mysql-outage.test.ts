import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalServer, type LocalServers, startServers } from '../../infra/local/servers.js';
import { type Items, createItems } from '../support/items.js';
import { survives } from '../support/under-load.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

describe('while rows change', () => {
  let own: LocalServers<'mysql'>;
  let mysql: LocalServer;
  let world: World;
  let items: Items;
  let unstale: UnstaleProcess;

  beforeAll(async () => {
    own = await startServers({ set: 'mysql-outage', fresh: true, only: ['mysql'], progress: 'quiet' });
    mysql = own.server('mysql');
    world = await createWorld({ ...inject('servers'), ...own.addresses });
    items = await createItems(world);
    unstale = await world.run(await world.configure(items.tables, { settle: { after: ['1s'] } }));
  });
  afterAll(async () => {
    await items.close();
    await world.close();
    await own.stop();
  });

  test('MySQL is killed and started again, and no change is lost', async () => {
    await survives({ world, items, unstale }, async () => {
      await mysql.kill();
      await mysql.start();
    });
  });

  test('MySQL is restarted in order, and no change is lost', async () => {
    await survives({ world, items, unstale }, () => mysql.restart());
  });

  test('MySQL hangs until the leader gives its lock up, and no change is lost', async () => {
    await survives({ world, items, unstale }, async () => {
      await mysql.pause();
      try {
        await until(async () => (await unstale.metric('unstale_tail_leader')) === 0, {
          what: 'the tail to give up',
        });
      } finally {
        await mysql.resume();
      }
    });
  });

  test('after all of that it stops in order', async () => {
    expect(await unstale.stop()).toBe(0);
  });
});
