import { expect } from 'vitest';
import { type Items, type Load, accountProblems } from './items.js';
import { readTopic } from './topic.js';
import type { UnstaleProcess } from './unstale.js';
import type { World } from './world.js';

/**
 * Lets something happen to the servers while rows change and are read, and proves that unstale comes through it by
 * itself and loses nothing. Rows must be changing again when `fault` resolves.
 */
export async function survives(
  { world, items, unstale }: { world: World; items: Items; unstale: UnstaleProcess },
  fault: (load: Load) => Promise<void>,
): Promise<void> {
  await items.warm();
  const load = items.startLoad({ readers: 2 });
  try {
    await load.untilMore(100);
    await fault(load);
    await load.untilMore(300);
  } finally {
    await load.stop();
  }
  await items.untilNoneStale(60_000);
  expect(unstale.isRunning(), unstale.log()).toBe(true);
  expect(accountProblems(await readTopic(world.kafka, world.topic), await items.versions())).toEqual([]);
}
