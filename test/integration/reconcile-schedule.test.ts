import { type TestContext, expect, inject, test } from 'vitest';
import { type ServerName, startServers } from '../../infra/local/servers.js';
import type { Report } from '../../src/reconcile/report.js';
import { untilHandled } from '../support/reconcile.js';
import {
  createStocks,
  orderRun,
  queueContent,
  reportsOf,
  startReconcile,
  untilReports,
} from '../support/reconcile-faults.js';
import { driftWith } from '../support/reports.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

const TIMEOUT = { timeout: 90_000 };
/** So that runs last long enough to get in each other's way. */
const SLOW = { maxRedisLatency: '1m', chunk: 200, maxRowsPerSecond: 2_000 };

async function openPlace(
  { onTestFinished }: TestContext,
  { rows, only = [] }: { readonly rows: number; readonly only?: ServerName[] },
) {
  const own = await startServers({ set: 'reconcile-schedule', fresh: true, only, progress: 'quiet' });
  onTestFinished(() => own.stop());
  const world = await createWorld({ ...inject('servers'), ...own.addresses });
  onTestFinished(() => world.close());
  return { world, stocks: await createStocks(world, rows) };
}

/** One stage alone: while nothing has drifted it needs no tail. */
const runReconcile = (world: World, path: string) => world.run(path, '--only', 'reconcile');

const stagesOf = async (unstale: UnstaleProcess) => {
  const response = await unstale.get('/readyz');
  const { stages } = (await response.json()) as { stages: { stage: string; state: string }[] };
  return { status: response.status, stages: stages.map(({ stage, state }) => `${stage} ${state}`) };
};

const overlapping = (reports: readonly Report[]): Report[] => {
  const sorted = reports.toSorted((one, other) => one.startedAt.localeCompare(other.startedAt));
  return sorted.filter(({ startedAt }, index) => startedAt < (sorted[index - 1]?.endedAt ?? ''));
};

test.concurrent(
  'two processes begin one run at start, never work at once, and leave no schedule that is not wanted any more',
  TIMEOUT,
  async (context) => {
    const { world, stocks } = await openPlace(context, { rows: 2_000 });
    const path = await world.configure(stocks.tables, {
      reconcile: { ...SLOW, every: '10s', atStart: true, keepReports: 3 },
    });
    const processes = await Promise.all([runReconcile(world, path), runReconcile(world, path)]);
    const [first] = await untilReports(world, 1);
    expect(first).toMatchObject({ trigger: 'start', scope: 'full', status: 'finished', rows: 2_000 });
    expect(await queueContent(world)).toMatchObject({ waiting: [], active: [], schedules: ['full'] });

    const commands = [startReconcile(world, path), startReconcile(world, path)];
    const seen = new Map<string, Report>();
    const haveAllRun = async (): Promise<boolean> => {
      for (const report of await reportsOf(world)) seen.set(report.id, report);
      return seen.size === 4;
    };
    await until(haveAllRun, { what: 'the schedule to begin one more', everyMs: 200 });
    const triggers = [...seen.values()].map(({ trigger }) => trigger);
    expect(triggers.sort()).toEqual(['command', 'command', 'schedule', 'start']);
    expect(overlapping([...seen.values()])).toEqual([]);
    const ended = await Promise.all(commands.map((command) => command.ended));
    expect(ended.map(({ code, report }) => [code, report.trigger])).toEqual(Array(2).fill([0, 'command']));
    expect(await reportsOf(world)).toHaveLength(3);

    expect(await Promise.all(processes.map((each) => each.stop()))).toEqual([0, 0]);
    const unscheduled = await runReconcile(world, await world.configure(stocks.tables));
    expect(await queueContent(world)).toEqual({ waiting: [], active: [], delayed: [], schedules: [] });
    expect(await unscheduled.stop()).toBe(0);
  },
);

test.concurrent(
  'a process that does nothing else is ready during a long run, keeps to its pace, and counts',
  TIMEOUT,
  async (context) => {
    const { world, stocks } = await openPlace(context, { rows: 5_000 });
    const path = await world.configure(stocks.tables, {
      reconcile: { ...SLOW, every: undefined, cron: '0 3 29 2 *' },
    });
    const unstale = await runReconcile(world, path);
    expect(await queueContent(world)).toMatchObject({ waiting: [], active: [], schedules: ['full'] });
    const ended = orderRun(world);
    await until(async () => (await unstale.metric('unstale_reconcile_running')) === 1, { what: 'the run' });
    expect(await stagesOf(unstale)).toEqual({ status: 200, stages: ['reconcile ready'] });
    const report = await ended;
    expect(report).toMatchObject({ status: 'finished', rows: 5_000, drift: driftWith() });
    expect(report.rowsPerSecond).toBeGreaterThan(1_600);
    expect(report.rowsPerSecond).toBeLessThan(2_400);
    expect(report.waitedMs.rate).toBeGreaterThan(1_500);
    expect(await unstale.metric('unstale_reconcile_running')).toBe(0);
    expect(await unstale.metric('unstale_reconcile_rows_total')).toBe(5_000);
    expect(await unstale.metric('unstale_reconcile_runs_total{scope="full",status="finished"}')).toBe(1);
    expect(await stagesOf(unstale)).toEqual({ status: 200, stages: ['reconcile ready'] });
    expect(await reportsOf(world)).toHaveLength(1); // neither at start nor before its time
  },
);

test.concurrent('what is asked of Redis keeps to a pace, too', TIMEOUT, async (context) => {
  const { world, stocks } = await openPlace(context, { rows: 4_000, only: ['cache'] });
  const path = await world.configure(stocks.tables, {
    reconcile: { ...SLOW, maxRowsPerSecond: 1_000_000, maxOpsPerSecond: 2_000 },
  });
  const { report } = await startReconcile(world, path).ended;
  for (const perSecond of [report.rowsPerSecond, report.keysPerSecond]) {
    expect(perSecond).toBeGreaterThan(1_600);
    expect(perSecond).toBeLessThan(2_400);
  }
  expect(report.waitedMs.rate).toBeGreaterThan(2_500);
});

test.concurrent(
  'a small pass finds what was put back wrong after a change, and looks at nothing else',
  TIMEOUT,
  async (context) => {
    const { world, stocks } = await openPlace(context, { rows: 100 });
    const { cache, prefix, sql } = world;
    await world.run(
      await world.configure(stocks.tables, {
        reconcile: { recent: '10s', confirmAfter: '100ms', maxRedisLatency: '1m' },
      }),
    );
    await sql.query('UPDATE stocks SET stock = 3 WHERE id IN (1, 2, 3); DELETE FROM stocks WHERE id = 4');
    await untilHandled(world, 4);
    expect(await stocks.left(1, 2, 3, 4)).toEqual([]); // deleted, and settled
    await cache.mset(`${prefix}stock:1`, '1', `${prefix}stock:2`, '3', `${prefix}stock:4`, '1');
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
      [`${prefix}stock:1`, 'late_fill'],
      [`${prefix}stock:4`, 'late_fill'],
    ]);
    expect(await stocks.left(1, 2, 4, 50)).toEqual([2, 50]);
  },
);
