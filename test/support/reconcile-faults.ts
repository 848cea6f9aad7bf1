import { connectReconcileQueue } from '../../src/clients/reconcile-queue.js';
import { connectReportStore } from '../../src/clients/report-store.js';
import { createLogger } from '../../src/ops/logger.js';
import { type Report, reportSchema } from '../../src/reconcile/report.js';
import type { RunOrder } from '../../src/reconcile/run-state.js';
import type { UnstaleProcess } from './unstale.js';
import { until } from './until.js';
import type { World } from './world.js';

/** Rows with a cached value each, all of them right at first. */
export interface Stocks {
  /** For `configure`. */
  readonly tables: object;
  readonly rows: number;
  /** Puts every value back as it should be. */
  fill(): Promise<void>;
  /** Makes these values wrong; ids beyond the last row's have none that feeds them. */
  plant(...ids: number[]): Promise<void>;
  /** Which of these ids still have a value. */
  left(...ids: number[]): Promise<number[]>;
}

const AT_A_TIME = 5_000;

/** Rows 1 to `rows`. They are there before a first tail begins, so that no change of theirs is published. */
export async function createStocks(world: World, rows: number): Promise<Stocks> {
  const { sql, cache, prefix, id: db } = world;
  await sql.query(
    `CREATE TABLE stocks (id INT PRIMARY KEY, stock INT NOT NULL);
     INSERT INTO stocks WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ${rows})
       SELECT /*+ SET_VAR(cte_max_recursion_depth = ${rows}) */ id, 1 FROM n;
     ANALYZE TABLE stocks`,
  );
  const key = (id: number): string => `${prefix}stock:${id}`;
  const fill = async (): Promise<void> => {
    for (let from = 1; from <= rows; from += AT_A_TIME) {
      const ids = Array.from({ length: Math.min(AT_A_TIME, rows - from + 1) }, (_, index) => from + index);
      await cache.mset(ids.flatMap((id) => [key(id), '1']));
    }
  };
  await fill();
  return {
    tables: { [`${db}.stocks`]: { keys: [{ key: 'stock:{id}', value: { string: 'stock' } }] } },
    rows,
    fill,
    async plant(...ids) {
      await cache.mset(ids.flatMap((id) => [key(id), '2']));
    },
    async left(...ids) {
      const values = await cache.mget(ids.map(key));
      return ids.filter((_, index) => values[index] !== null);
    },
  };
}

/** The reports that are kept, the oldest first. */
export async function reportsOf({ servers, id }: World): Promise<Report[]> {
  const store = connectReportStore({ url: servers.queue, name: id, log: createLogger({ level: 'silent' }) });
  try {
    const summaries = await store.list();
    const reports = await Promise.all(summaries.map((summary) => store.get(summary.id)));
    return reports.filter((report) => report !== undefined).reverse();
  } finally {
    await store.close();
  }
}

export const untilReports = (world: World, count: number, timeoutMs = 30_000): Promise<Report[]> =>
  until(
    async () => {
      const reports = await reportsOf(world);
      return reports.length >= count ? reports : undefined;
    },
    { what: `${count} reports`, timeoutMs, everyMs: 100 },
  );

/** Orders a run from whatever process works on runs. Resolves to its report, at its end. */
export async function orderRun({ servers, id }: World, order: Partial<RunOrder> = {}): Promise<Report> {
  const at = { url: servers.queue, name: id, log: createLogger({ level: 'silent' }) };
  const [queue, store] = [connectReconcileQueue(at), connectReportStore(at)];
  const whole: RunOrder = { scope: 'full', trigger: 'command', tables: [], repair: true, force: false };
  try {
    const run = await queue.add({ ...whole, ...order });
    const end = async (): Promise<Report | undefined> => {
      const view = await queue.view(run);
      return view.state === 'done' ? store.get(view.reportId) : undefined;
    };
    return await until(end, { what: 'the run to end', timeoutMs: 60_000, everyMs: 100 });
  } finally {
    await Promise.all([queue.close(), store.close()]);
  }
}

/** Resolves when the run in hand waits for a server, as the process tells of itself. */
export async function untilItWaits(unstale: UnstaleProcess): Promise<void> {
  const waits = async (): Promise<boolean> => {
    const { stages } = (await (await unstale.get('/readyz')).json()) as {
      stages: { stage: string; state: string }[];
    };
    return stages.some(({ stage, state }) => stage === 'reconcile' && state === 'waiting');
  };
  await until(waits, { what: 'the run to wait for a server' });
}

/** `unstale reconcile` while it works. */
export interface ReconcileCommand {
  readonly process: UnstaleProcess;
  /** Its exit code, and the report that it prints. */
  readonly ended: Promise<{ readonly code: number | NodeJS.Signals; readonly report: Report }>;
}

export function startReconcile(world: World, path: string, ...args: string[]): ReconcileCommand {
  const started = world.start('reconcile', '-c', path, '--json', ...args);
  const end = async () => {
    const code = await started.exited;
    if (started.stdout() === '') throw new Error(`It ended with ${code}, and no report:\n${started.log()}`);
    return { code, report: reportSchema.parse(JSON.parse(started.stdout())) };
  };
  const ended = end();
  ended.catch(() => undefined); // told when it is waited for
  return { process: started, ended };
}

/** What lies in the queue of runs, by where: ids of jobs, and of schedules. */
export interface QueueContent {
  readonly waiting: string[];
  readonly active: string[];
  readonly delayed: string[];
  readonly schedules: string[];
}

const queueKey = ({ id }: World, part: string): string => `{unstale}:unstale-${id}-reconcile:${part}`;

export async function queueContent(world: World): Promise<QueueContent> {
  const { queue } = world;
  const [waiting, active, delayed, schedules] = await Promise.all([
    queue.lrange(queueKey(world, 'wait'), 0, -1),
    queue.lrange(queueKey(world, 'active'), 0, -1),
    queue.zrange(queueKey(world, 'delayed'), '0', '-1'),
    queue.zrange(queueKey(world, 'repeat'), '0', '-1'),
  ]);
  return { waiting, active, delayed, schedules };
}

/** What has been saved of the run in hand. */
export interface SavedRun {
  readonly resumed: number;
  readonly place: { readonly phase: string };
  readonly tally: { readonly rows: number; readonly keys: number };
  readonly pending: readonly { readonly key: string }[];
}

/** Resolves as soon as a state is saved that is as it should be. */
export const untilSaved = (world: World, what: string, isSo: (run: SavedRun) => boolean): Promise<SavedRun> =>
  until(
    async () => {
      const { active } = await queueContent(world);
      const data = await world.queue.hget(queueKey(world, active[0] ?? ''), 'data');
      const run = JSON.parse(data ?? '{}') as Partial<SavedRun>;
      return run.tally !== undefined && isSo(run as SavedRun) ? (run as SavedRun) : undefined;
    },
    { what: `a run that has been saved with ${what}`, everyMs: 50 },
  );
