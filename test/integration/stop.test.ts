import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Items, accountProblems, createItems } from '../support/items.js';
import { messagesBehind } from '../support/progress.js';
import { readTopic } from '../support/topic.js';
import { type World, createWorld } from '../support/world.js';

const MARKER = 19_999;

let world: World;
let items: Items;
let path: string;
beforeAll(async () => {
  world = await createWorld(inject('servers'));
  items = await createItems(world);
  path = await world.configure(items.tables);
});
afterAll(async () => {
  await items.close();
  await world.close();
});

test('after SIGTERM checkpoint and offsets are at the end, so that the next start does nothing twice', async () => {
  const first = await world.run(path);
  const load = items.startLoad();
  await load.untilMore(300).finally(() => load.stop());
  await items.untilNoneStale();
  expect(await first.stop()).toBe(0);
  expect(await messagesBehind(world)).toBe(0);

  const second = await world.run(path);
  await world.fill(`item:${MARKER}`);
  await items.change(MARKER);
  await world.untilGone(`item:${MARKER}`);
  expect(await second.metric(`unstale_tail_rows_total{table="${world.id}.items"}`)).toBe(1);
  expect(await second.metric('unstale_consumed_messages_total{stage="invalidate"}')).toBe(1);
  expect(await second.stop()).toBe(0);
});

test('SIGTERM under load ends it in order, and the next start takes up where it ended', async () => {
  const stopped = await world.run(path);
  const load = items.startLoad({ changesPerSecond: 800 });
  try {
    await load.untilMore(400);
    expect(await stopped.stop()).toBe(0);
    await load.untilMore(200);
  } finally {
    await load.stop();
  }
  const next = await world.run(path);
  await items.untilNoneStale();
  expect(await next.stop()).toBe(0);
  const messages = await readTopic(world.kafka, world.topic);
  const versions = await items.versions();
  expect(accountProblems(messages, versions)).toEqual([]);
  const changes = [...versions.values()].reduce((sum, version) => sum + version, 0);
  expect(messages).toHaveLength(changes); // the checkpoint was written after the last acknowledgement
});

test('a second SIGTERM does not cut the first one short', async () => {
  const unstale = await world.run(path);
  unstale.kill('SIGTERM');
  expect(await unstale.stop()).toBe(0);
});
