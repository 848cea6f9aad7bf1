import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { untilHandled } from '../support/reconcile.js';
import { type Stocks, createStocks, untilReports } from '../support/reconcile-faults.js';
import { driftWith } from '../support/reports.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let stocks: Stocks;

beforeAll(async () => {
  world = await createWorld(inject('servers'));
  stocks = await createStocks(world, 100);
  const path = await world.configure(stocks.tables, {
    reconcile: { recent: '10s', confirmAfter: '100ms', maxRedisLatency: '1m' },
  });
  await world.run(path);
});
afterAll(() => world.close());

test('a small pass finds what was put back wrong after a change, and looks at nothing else', async () => {
  await world.sql.query('UPDATE stocks SET stock = 3 WHERE id IN (1, 2, 3); DELETE FROM stocks WHERE id = 4');
  await untilHandled(world, 4);
  expect(await stocks.left(1, 2, 3, 4)).toEqual([]); // deleted, and settled
  await world.cache.mset(
    `${world.prefix}stock:1`,
    '1',
    `${world.prefix}stock:2`,
    '3',
    `${world.prefix}stock:4`,
    '1',
  );
  await stocks.plant(50); // its row has not changed
  const [report] = await untilReports(world, 1);
  expect(report).toMatchObject({
    scope: 'recent',
    trigger: 'schedule',
    status: 'finished',
    rows: 0,
    keys: 0,
  });
  expect(report?.compared).toBe(3); // those of the changed rows that the cache holds
  expect(report?.drift).toEqual(driftWith({ stale: 1, orphan: 1 }));
  expect(report?.samples.map(({ key, history }) => [key, history.verdict]).sort()).toEqual([
    [`${world.prefix}stock:1`, 'late_fill'],
    [`${world.prefix}stock:4`, 'late_fill'],
  ]);
  expect(await stocks.left(1, 2, 4, 50)).toEqual([2, 50]);
});
