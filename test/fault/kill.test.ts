import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { messageOf } from '../../src/errors.js';
import { accountProblems, createItems } from '../support/items.js';
import { untilDone } from '../support/progress.js';
import { seededRandom } from '../support/random.js';
import { readTopic } from '../support/topic.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { type World, createWorld } from '../support/world.js';

/** Deployments that are killed side by side, since each start waits until Kafka has given the dead member up. */
const LANES = 5;
const KILLS_PER_LANE = 6;
const AFTER_READY_MAX_MS = 500;
const DURING_START_MAX_MS = 2_500;

let worlds: World[] = [];
beforeEach(() => {
  worlds = [];
});
afterEach(async () => {
  await Promise.all(worlds.map((world) => world.close()));
});

const openWorld = async (): Promise<World> => {
  const world = await createWorld(inject('servers'));
  worlds.push(world);
  return world;
};

test(
  '30 times kill -9 at random points under load leave no key that should be gone',
  { timeout: 180_000 },
  async () => {
    const seed = Number(process.env.UNSTALE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
    const lanes = Array.from({ length: LANES }, (_, lane) => runLane(lane, seededRandom(seed + lane)));
    const ends = await Promise.allSettled(lanes); // no lane is left behind when another fails
    const problems = ends.flatMap((end) =>
      end.status === 'fulfilled' ? end.value : [messageOf(end.reason)],
    );
    expect(problems, `UNSTALE_TEST_SEED=${seed} kills at the same moments`).toEqual([]);
  },
);

/** Every other lane settles, and has readers that race with the deletes; in the others the first delete stands alone. */
async function runLane(lane: number, random: () => number): Promise<string[]> {
  const world = await openWorld();
  const items = await createItems(world);
  const settles = lane % 2 === 1;
  const path = await world.configure(items.tables, {
    settle: { after: settles ? ['1s'] : [] },
    log: { level: 'debug' },
  });
  let unstale = await world.run(path);
  const load = items.startLoad({ changesPerSecond: 120, readers: settles ? 2 : 0 });
  try {
    for (let kill = 0; kill < KILLS_PER_LANE; kill += 1) {
      await comeTo(unstale, random);
      unstale.kill('SIGKILL');
      expect(await unstale.exited).toBe('SIGKILL');
      unstale = world.start('run', '-c', path);
    }
    await unstale.ready(60_000);
    await load.untilMore(10);
    await load.stop();
    await items.untilNoneStale();
    return accountProblems(await readTopic(world.kafka, world.topic), await items.versions());
  } catch (error) {
    throw new Error(`lane ${lane}: ${messageOf(error)}\nThe last run's log:\n${unstale.log()}`, {
      cause: error,
    });
  } finally {
    await load.stop();
    await items.close();
  }
}

/** A random moment: of two in three kills when it has just begun to work off what was changed while it was dead. */
async function comeTo(unstale: UnstaleProcess, random: () => number): Promise<void> {
  const [whileStarting, share] = [random() < 1 / 3, random()];
  if (whileStarting) {
    await unstale.get('/livez');
    await sleep(share * DURING_START_MAX_MS);
  } else {
    await unstale.ready(60_000);
    await sleep(share * AFTER_READY_MAX_MS);
  }
}

test('what was deleted, but not yet settled, when the process is first killed is settled afterwards', async () => {
  const world = await openWorld();
  await world.sql.query(
    'CREATE TABLE items (id INT PRIMARY KEY, version INT); INSERT INTO items VALUES (1, 0)',
  );
  const path = await world.configure(
    { [`${world.id}.items`]: { keys: ['item:{id}'] } },
    { settle: { after: ['6s'] } },
  );
  const unstale = await world.run(path);
  await world.fill('item:1');
  await world.sql.query('UPDATE items SET version = 1');
  await world.untilGone('item:1');
  await untilDone(world);
  await world.fill('item:1'); // by a reader that had read the row before the update
  unstale.kill('SIGKILL');
  await unstale.exited;
  await world.run(path);
  await world.untilGone('item:1');
});
