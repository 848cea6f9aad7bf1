import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { UnstaleProcess } from '../support/unstale.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let tail: UnstaleProcess;
let invalidate: UnstaleProcess;

beforeAll(async () => {
  world = await createWorld(inject('servers'));
  await world.sql.query(
    'CREATE TABLE items (id INT PRIMARY KEY, version INT); INSERT INTO items VALUES (1, 0)',
  );
  const path = await world.configure({ [`${world.id}.items`]: { keys: ['item:{id}'] } });
  [tail, invalidate] = await Promise.all([
    world.run(path, '--only', 'tail'),
    world.run(path, '--only', 'invalidate,retry'),
  ]);
});
afterAll(() => world.close());

test('a process that only tails and one that only deletes keys do together what one does alone', async () => {
  await world.fill('item:1');
  await world.sql.query('UPDATE items SET version = 1');
  await world.untilGone('item:1');
  const rows = `unstale_tail_rows_total{table="${world.id}.items"}`;
  const deleted = 'unstale_deleted_keys_total{stage="invalidate"}';
  expect([await tail.metric(rows), await tail.metric(deleted)]).toEqual([1, 0]);
  expect([await invalidate.metric(rows), await invalidate.metric(deleted)]).toEqual([0, 1]);
});

test('each is ready with its own stages, and stops in order', async () => {
  const stages = async (unstale: UnstaleProcess): Promise<string[]> => {
    const { stages: found } = (await (await unstale.get('/readyz')).json()) as {
      stages: { stage: string }[];
    };
    return found.map(({ stage }) => stage).sort();
  };
  expect(await stages(tail)).toEqual(['tail']);
  expect(await stages(invalidate)).toEqual(['invalidate', 'retry']);
  expect(await Promise.all([tail.stop(), invalidate.stop()])).toEqual([0, 0]);
});
