import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, expect, inject, test } from 'vitest';
import { type ServerName, startServers } from '../../infra/local/servers.js';
import { PIPELINE } from '../support/reconcile.js';
import {
  createStocks,
  orderRun,
  queueContent,
  startReconcile,
  untilItWaits,
  untilSaved,
} from '../support/reconcile-faults.js';
import { driftWith } from '../support/reports.js';
import { readTopic } from '../support/topic.js';
import { until } from '../support/until.js';
import { createWorld } from '../support/world.js';

/** So that a machine that is busy with all of these at once pauses no run. */
const BUSY = { maxRedisLatency: '1m' };
const TIMEOUT = { timeout: 120_000 };

/** With servers of its own in place of the shared ones, which it may kill. */
async function openWorld<Name extends ServerName>({ onTestFinished }: TestContext, ...only: Name[]) {
  const own = await startServers({ set: 'reconcile-faults', fresh: true, only, progress: 'quiet' });
  onTestFinished(() => own.stop());
  const world = await createWorld({ ...inject('servers'), ...own.addresses });
  onTestFinished(() => world.close());
  return { world, server: own.server };
}

/** Takes 8 s to read, so that processes end in between, however busy the machine is. */
const MANY_ROWS = 12_000;

// They wait most of the time, and not for each other.

test.concurrent(
  'a run goes on elsewhere after SIGTERM and after kill -9, and nothing is forgotten',
  TIMEOUT,
  async (context) => {
    const { world } = await openWorld(context);
    const stocks = await createStocks(world, MANY_ROWS);
    const reconcile = { ...BUSY, chunk: 300, maxRowsPerSecond: 1_500, confirmAfter: '4s' };
    const path = await world.configure(stocks.tables, { reconcile });
    const processes = await Promise.all([1, 2, 3].map(() => world.run(path, '--only', 'reconcile')));
    await world.run(path, ...PIPELINE);
    const planted = [1, 1_000, 4_000, 9_000, MANY_ROWS, MANY_ROWS + 1];
    await stocks.plant(...planted);
    const alive = () => processes.filter((each) => each.isRunning());
    const theOneAtWork = () =>
      until(
        async () => {
          const running = alive().map((each) => each.metric('unstale_reconcile_running'));
          return alive()[(await Promise.all(running)).indexOf(1)];
        },
        { what: 'a process to go on' },
      );

    const ended = orderRun(world);
    await untilSaved(world, 'some rows', ({ tally }) => tally.rows >= 1_500);
    const first = await theOneAtWork();
    const stoppedAtMs = performance.now();
    expect(await first.stop()).toBe(0);
    const second = await theOneAtWork();
    expect(performance.now() - stoppedAtMs).toBeLessThan(5_000);
    const left = await untilSaved(
      world,
      'a suspect that is not confirmed yet',
      ({ resumed, tally, pending }) =>
        resumed === 1 && tally.rows > 4_000 && pending.some(({ key }) => key.endsWith('stock:4000')),
    );
    second.kill('SIGKILL');
    expect(left.tally.rows).toBeLessThan(MANY_ROWS);

    const report = await ended;
    expect(report).toMatchObject({ status: 'finished', resumed: 2, rows: MANY_ROWS, undecided: 0 });
    expect(report.drift).toEqual(driftWith({ stale: 5, orphan: 1 }));
    expect(report.repaired).toBe(6);
    expect(await stocks.left(...planted)).toEqual([]);
    expect(await readTopic(world.kafka, `${world.id}_drift`)).toHaveLength(6);
    expect(await Promise.all(alive().map((each) => each.stop()))).toEqual([0]);
  },
);

test.concurrent(
  'Ctrl-C ends a run with a report that says so, and leaves nothing in the queue',
  TIMEOUT,
  async (context) => {
    const { world } = await openWorld(context);
    const stocks = await createStocks(world, 4_000);
    const reconcile = { ...BUSY, chunk: 100, maxRowsPerSecond: 400 };
    const path = await world.configure(stocks.tables, { reconcile });
    const { process, ended } = startReconcile(world, path);
    await untilSaved(world, 'some rows', ({ tally }) => tally.rows > 0);
    process.kill('SIGINT');
    const { code, report } = await ended;
    expect(code).toBe(1);
    expect(report).toMatchObject({ status: 'cancelled', reason: 'it was cancelled' });
    expect(report.rows).toBeLessThan(4_000);
    expect(await queueContent(world)).toEqual({ waiting: [], active: [], delayed: [], schedules: [] });
  },
);

test.concurrent(
  'a run waits while the cache is away, goes on, and finds what came meanwhile',
  TIMEOUT,
  async (context) => {
    const { world, server } = await openWorld(context, 'cache');
    const stocks = await createStocks(world, 6_000);
    const reconcile = { ...BUSY, chunk: 200, maxOpsPerSecond: 4_000, confirmAfter: '100ms' };
    const unstale = await world.run(await world.configure(stocks.tables, { reconcile }));
    for (const phase of ['rows', 'keys']) {
      await stocks.fill();
      const ended = orderRun(world);
      await untilSaved(world, `the phase ${phase}`, ({ place }) => place.phase === phase);
      await server('cache').kill();
      await untilItWaits(unstale);
      await server('cache').start(); // without its keys, and as another process
      await stocks.plant(6_000, 6_001);
      const report = await ended;
      expect(report).toMatchObject({ status: 'finished', rows: 6_000, undecided: 0, skipped: [] });
      // The scan of keys asks no more than whether there is a row.
      expect(report.drift).toEqual(driftWith({ stale: phase === 'rows' ? 1 : 0, orphan: 1 }));
      expect(report.waitedMs.outage).toBeGreaterThan(0);
    }
    expect((await unstale.get('/readyz')).status).toBe(200);
  },
);

test.concurrent('a run pauses while the cache is slow, and does not begin anew', TIMEOUT, async (context) => {
  const { world, server } = await openWorld(context, 'cache');
  const stocks = await createStocks(world, 4_000);
  const path = await world.configure(stocks.tables, {
    reconcile: { chunk: 1_000, maxOpsPerSecond: 2_000, maxRedisLatency: '10ms', waitMax: '1m' },
  });
  const { ended } = startReconcile(world, path);
  for (const phase of ['rows', 'keys']) {
    await untilSaved(world, `the phase ${phase}`, ({ place }) => place.phase === phase);
    await server('cache').pause();
    await sleep(2_000); // less than a command may take
    await server('cache').resume();
    // Whatever is asked takes up to half a second for some time.
    for (let pause = 1; pause <= 3; pause += 1) await world.cache.client('PAUSE', 500, 'ALL');
  }
  const { report } = await ended;
  expect(report).toMatchObject({ status: 'finished', rows: 4_000, keys: 4_000, drift: driftWith() });
  expect(report.waitedMs.redisLatency).toBeGreaterThanOrEqual(500);
  expect(report.waitedMs.outage).toBe(0);
});

test.concurrent('a run fails with a report when the cache stays away', TIMEOUT, async (context) => {
  const { world, server } = await openWorld(context, 'cache');
  const stocks = await createStocks(world, 2_000);
  const reconcile = { ...BUSY, chunk: 100, maxRowsPerSecond: 1_000, waitMax: '1s' };
  const { ended } = startReconcile(world, await world.configure(stocks.tables, { reconcile }));
  await untilSaved(world, 'some rows', ({ tally }) => tally.rows > 0);
  await server('cache').kill();
  const { code, report } = await ended;
  expect(code).toBe(1);
  expect(report.status).toBe('failed');
  expect(report.reason).toContain(`The cache at ${world.servers.cache} cannot be read`);
  expect(report.waitedMs.outage).toBeGreaterThanOrEqual(1_000);
});

test.concurrent(
  'a run waits while MySQL is away and goes on, or fails with a report when it stays away',
  TIMEOUT,
  async (context) => {
    const { world, server } = await openWorld(context, 'mysql');
    const stocks = await createStocks(world, 6_000);
    const reconcile = { ...BUSY, chunk: 200, maxRowsPerSecond: 2_000, confirmAfter: '100ms' };
    const unstale = await world.run(await world.configure(stocks.tables, { reconcile }));
    await stocks.plant(1, 5_900, 6_001);
    const ended = orderRun(world);
    await untilSaved(world, 'some rows', ({ tally }) => tally.rows >= 1_000);
    await server('mysql').kill();
    await untilItWaits(unstale);
    await server('mysql').start();
    const report = await ended;
    expect(report).toMatchObject({ status: 'finished', rows: 6_000, undecided: 0, repaired: 3 });
    expect(report.drift).toEqual(driftWith({ stale: 2, orphan: 1 }));
    expect(report.waitedMs.outage).toBeGreaterThan(0);
    const stoppedAtMs = performance.now();
    expect(await unstale.stop()).toBe(0);
    expect(performance.now() - stoppedAtMs).toBeLessThan(10_000);

    const impatient = await world.configure(stocks.tables, { reconcile: { ...reconcile, waitMax: '1s' } });
    const failing = startReconcile(world, impatient);
    await untilSaved(world, 'some rows', ({ tally }) => tally.rows > 0);
    await server('mysql').kill();
    const { code, report: failed } = await failing.ended;
    expect(code).toBe(1);
    expect(failed.status).toBe('failed');
    expect(failed.reason).toMatch(/^Reading \w+\.stocks failed: .*ECONN/);
  },
);

test.concurrent(
  'without a tail nothing is called drift, and the next run with one looks at it first',
  TIMEOUT,
  async (context) => {
    const { world } = await openWorld(context);
    const stocks = await createStocks(world, 50);
    const reconcile = { ...BUSY, confirmAfter: '0ms', waitMax: '1s' };
    const path = await world.configure(stocks.tables, { reconcile });
    const deleting = await world.run(path, '--only', 'invalidate,settle,retry');
    await stocks.plant(1, 2, 51);
    const blind = await startReconcile(world, path).ended;
    expect(blind.code).toBe(0);
    expect(blind.report).toMatchObject({ status: 'finished', undecided: 3, repaired: 0, drift: driftWith() });
    expect(blind.report.undecidedSamples.map(({ why }) => why)).toEqual(
      Array(3).fill('there is no checkpoint: does a tail run?'),
    );
    expect(blind.report.durationMs).toBeLessThan(15_000);
    expect(await stocks.left(1, 2, 51)).toEqual([1, 2, 51]);

    await deleting.stop();
    const patient = await world.configure(stocks.tables, { reconcile: { ...BUSY, confirmAfter: '0ms' } });
    await world.run(patient, ...PIPELINE);
    const { report, code } = await startReconcile(world, patient).ended;
    expect(code).toBe(3);
    expect(report).toMatchObject({ undecided: 0, repaired: 3, drift: driftWith({ stale: 2, orphan: 1 }) });
    expect(report.compared).toBe(50 + 3); // those that were left were looked at by themselves
  },
);

test.concurrent('keys that wait for a retry are not called drift', TIMEOUT, async (context) => {
  const { world } = await openWorld(context, 'cache');
  const stocks = await createStocks(world, 50);
  const path = await world.configure(stocks.tables, {
    reconcile: { ...BUSY, confirmAfter: '0ms' },
    retry: { attempts: 1_000, backoff: '1s', maxBackoff: '1s' },
  });
  const unstale = await world.run(path);
  await world.cache.replicaof('127.0.0.1', 1); // as after a failover: it keeps its keys, and refuses to delete them
  await world.sql.query('UPDATE stocks SET stock = 3 WHERE id <= 20');
  const isQueued = async () => (await unstale.metric('unstale_retry_depth')) > 0;
  await until(isQueued, { what: 'keys to be queued' });
  expect(await orderRun(world)).toMatchObject({ status: 'finished', drift: driftWith(), undecided: 20 });
  await world.cache.replicaof('NO', 'ONE');
  await world.untilGone('stock:1', 'stock:20');
});
