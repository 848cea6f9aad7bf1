import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Items, accountProblems, createItems } from '../support/items.js';
import { untilDone } from '../support/progress.js';
import { readTopic } from '../support/topic.js';
import { type World, createWorld } from '../support/world.js';

const ROWS = 20;
const CHANGES = 2_000;

let world: World;
let items: Items;
beforeAll(async () => {
  world = await createWorld(inject('servers'));
  items = await createItems(world);
  await world.run(await world.configure(items.tables));
});
afterAll(async () => {
  await items.close();
  await world.close();
});

test('changes of one row by several connections lie in one partition, in the order of their commits', async () => {
  const everyRow = Array.from({ length: CHANGES }, (_, index) => 1 + (index % ROWS));
  await Promise.all(everyRow.map((id) => items.change(id)));
  // One statement changes all of them again, and one transaction each of them twice.
  await world.sql.query('UPDATE items SET version = version + 1 WHERE id <= ?', [ROWS]);
  const twice = 'UPDATE items SET version = version + 1 WHERE id <= ?;';
  await world.sql.query(`START TRANSACTION; ${twice} ${twice} COMMIT`, [ROWS, ROWS]);
  await untilDone(world);
  const versions = await items.versions();
  expect([...versions.values()]).toEqual(Array(ROWS).fill(CHANGES / ROWS + 3));
  const messages = await readTopic(world.kafka, world.topic);
  expect(accountProblems(messages, versions)).toEqual([]);
  expect(messages).toHaveLength(CHANGES + 3 * ROWS); // none twice, since nothing failed
  expect(new Set(messages.map(({ partition }) => partition)).size).toBeGreaterThan(1);
});
