import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Items, accountProblems, createItems } from '../support/items.js';
import { readTopic } from '../support/topic.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

const TAKEOVER_MAX_MS = 15_000;

describe('of two processes with one name', () => {
  let world: World;
  let items: Items;
  let leader: UnstaleProcess;
  let standby: UnstaleProcess;

  beforeAll(async () => {
    world = await createWorld(inject('servers'));
    items = await createItems(world);
    const path = await world.configure(items.tables);
    leader = await world.run(path);
    standby = await world.run(path);
  });
  afterAll(async () => {
    await items.close();
    await world.close();
  });

  const leads = async (unstale: UnstaleProcess): Promise<boolean> =>
    (await unstale.metric('unstale_tail_leader')) === 1;

  test('one reads the binlog, and the other is ready to', async () => {
    expect([await leads(leader), await leads(standby)]).toEqual([true, false]);
    const load = items.startLoad();
    await load.untilMore(100).finally(() => load.stop());
    await items.untilNoneStale();
    expect(await standby.metric(`unstale_tail_rows_total{table="${world.id}.items"}`)).toBe(0);
    expect((await standby.get('/readyz')).status).toBe(200);
    expect(await (await standby.get('/readyz')).text()).toContain('stands by');
  });

  test('both delete keys', async () => {
    const deleted = 'unstale_deleted_keys_total{stage="invalidate"}';
    const load = items.startLoad();
    const both = async (): Promise<boolean> =>
      (await leader.metric(deleted)) > 0 && (await standby.metric(deleted)) > 0;
    await until(both, { what: 'both to delete keys' }).finally(() => load.stop());
    await items.untilNoneStale();
  });

  test('the other takes over when the first is killed, and no change is lost', async () => {
    await items.warm();
    const load = items.startLoad();
    try {
      await load.untilMore(100);
      leader.kill('SIGKILL');
      await leader.exited;
      await until(() => leads(standby), { what: 'the standby to lead', timeoutMs: TAKEOVER_MAX_MS });
      await load.untilMore(100);
    } finally {
      await load.stop();
    }
    await items.untilNoneStale(TAKEOVER_MAX_MS);
    expect(accountProblems(await readTopic(world.kafka, world.topic), await items.versions())).toEqual([]);
  });
});
