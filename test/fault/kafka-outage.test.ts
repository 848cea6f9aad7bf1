import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalServer, type LocalServers, startServers } from '../../infra/local/servers.js';
import { type Items, accountProblems, createItems } from '../support/items.js';
import { readTopic } from '../support/topic.js';
import { survives } from '../support/under-load.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { type World, createWorld } from '../support/world.js';

describe('while rows change', () => {
  let own: LocalServers<'kafka'>;
  let kafka: LocalServer;
  let world: World;
  let items: Items;
  let path: string;
  let unstale: UnstaleProcess;

  beforeAll(async () => {
    own = await startServers({ set: 'kafka-outage', fresh: true, only: ['kafka'], progress: 'quiet' });
    kafka = own.server('kafka');
    world = await createWorld({ ...inject('servers'), ...own.addresses });
    items = await createItems(world);
    path = await world.configure(items.tables, { settle: { after: ['1s'] } });
    unstale = await world.run(path);
  });
  afterAll(async () => {
    await items.close();
    await world.close();
    await own.stop();
  });

  test('Kafka is killed and started again, and no change is lost', async () => {
    await survives({ world, items, unstale }, async () => {
      await kafka.kill();
      await kafka.start();
    });
  });

  test('Kafka is restarted in order, and no change is lost', async () => {
    await survives({ world, items, unstale }, () => kafka.restart());
  });

  test('what a hung Kafka has not acknowledged when the process is killed is read again', async () => {
    await items.warm();
    const load = items.startLoad();
    try {
      await load.untilMore(100);
      await kafka.pause();
      await load.untilMore(600); // more than a second: a checkpoint may be on its way, but only of what was acknowledged
      unstale.kill('SIGKILL');
      await unstale.exited;
      expect((await items.stale()).length).toBeGreaterThan(100);
    } finally {
      await load.stop();
      await kafka.resume();
    }
    unstale = await world.run(path);
    await items.untilNoneStale();
    expect(accountProblems(await readTopic(world.kafka, world.topic), await items.versions())).toEqual([]);
  });

  test('after all of that it stops in order', async () => {
    expect(await unstale.stop()).toBe(0);
  });
});
