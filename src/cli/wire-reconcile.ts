/** Reconciling, joined with its servers: one worker a process, one run at a time over all of them. */
import type { ReconcileQueue } from '../clients/reconcile-queue.js';
import type { RunJob, RunOutcome } from '../clients/reconcile-worker.js';
import type { Report } from '../reconcile/report.js';
import { type RunOrder, type RunState, newRun, orderSchema, runStateSchema } from '../reconcile/run-state.js';
import { parseRecords } from '../reconcile/suspect.js';
import { type Parts, untilAvailable } from './parts.js';
import { type ReconcileClients, openReconcileClients } from './reconcile-clients.js';
import { tellOutcome } from './reconcile-outcome.js';
import { createRun } from './reconcile-run.js';
import type { Deletion } from './wire-deletion.js';

/** What a run leaves to the next. */
const UNDECIDED = 'undecided';

/** Sets the schedule, orders the run at start, and works on whatever is ordered. */
export async function startReconciling(parts: Parts, deletion: Deletion): Promise<void> {
  const { config, health, log } = parts;
  const clients = await openReconcileClients(parts);
  const { schedule, recentEveryMs, repair, atStart } = config.reconcile;
  const order = (scope: RunOrder['scope'], trigger: RunOrder['trigger']): RunOrder => ({
    scope,
    trigger,
    tables: [],
    repair,
    force: false,
  });
  const recent =
    recentEveryMs === undefined
      ? ({ kind: 'never' } as const)
      : ({ kind: 'every', everyMs: recentEveryMs } as const);
  await untilAvailable(parts, async () => {
    // The run at start makes up for one that was missed.
    await clients.queue.schedule('full', schedule, order('full', 'schedule'), { skipMissed: atStart });
    await clients.queue.schedule('recent', recent, order('recent', 'schedule'), { skipMissed: false });
    if (atStart && !(await clients.queue.addOnce('start', order('full', 'start'))))
      log.info('the reconcile run at start was ordered by another process, or less than a minute ago');
  });
  startReconcileWorker(parts, deletion, clients);
  health.stage('reconcile').ready('waits for its time');
}

export function startReconcileWorker(parts: Parts, deletion: Deletion, clients: ReconcileClients): void {
  const worker = clients.queue.startWorker((job) => workOn(job, parts, deletion, clients));
  parts.resources.opened(worker, (opened) => opened.stop());
}

async function workOn(
  job: RunJob,
  parts: Parts,
  deletion: Deletion,
  clients: ReconcileClients,
): Promise<RunOutcome> {
  try {
    return { reportId: await workThrough(job, parts, deletion, clients) };
  } catch (error) {
    if (!job.leaving.aborted) throw error;
    parts.log.info({ job: job.id }, 'the reconcile run is left to the next process');
    return 'again';
  }
}

/** Resolves to the report's id. @throws anything at all once the run is to be left */
async function workThrough(
  job: RunJob,
  parts: Parts,
  deletion: Deletion,
  clients: ReconcileClients,
): Promise<string> {
  const { log, metrics, health } = parts;
  const stage = health.stage('reconcile');
  const { signal, leaving } = job;
  const state = await untilAvailable({ log, signal: leaving }, () => openState(job, clients.queue));
  const { reconciler, close } = createRun(parts, deletion, clients, signal);
  metrics.reconcile.running.set(1);
  stage.ready(`compares MySQL and Redis since ${new Date(state.startedAtMs).toISOString()}`);
  log.info({ run: state.id, ...state.order, resumed: state.resumed }, 'a reconcile run begins');
  try {
    const report = await reconciler.run(state, {
      signal,
      progress: throttled((progress) => {
        job.progress({ ...progress, run: state.id, scope: state.order.scope });
      }),
      save: (saved) => job.save(saved),
    });
    await keep(report, state, leaving, parts, clients);
    tellOutcome(report, parts);
    return report.id;
  } finally {
    metrics.reconcile.running.set(0);
    stage.ready('waits for its time');
    await close();
  }
}

/** Waits for the queue's Redis as long as it takes: what was found has to be told. */
function keep(
  report: Report,
  state: RunState,
  leaving: AbortSignal,
  { log, config }: Parts,
  { queue, reports }: ReconcileClients,
): Promise<void> {
  return untilAvailable({ log, signal: leaving }, async () => {
    await reports.save(report, config.reconcile.keepReports);
    await queue.remember(UNDECIDED, state.undecided);
  });
}

/** A new run, or the one that a process left. */
async function openState(job: RunJob, queue: ReconcileQueue): Promise<RunState> {
  const saved = runStateSchema.safeParse(job.data);
  if (saved.success) return { ...saved.data, resumed: saved.data.resumed + 1 };
  const order = orderOf(job);
  const nowMs = Date.now();
  const state = newRun(
    `${new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${job.id.slice(-8)}`,
    order,
    nowMs,
  );
  return { ...state, pending: parseRecords(await queue.recall(UNDECIDED)) };
}

/** Of a state that another version saved only the order counts: the run begins anew. */
function orderOf({ id, data }: RunJob): RunOrder {
  const candidates = [data, typeof data === 'object' && data !== null && 'order' in data && data.order];
  for (const candidate of candidates) {
    const { data: order } = orderSchema.safeParse(candidate);
    if (order !== undefined) return order;
  }
  const found = JSON.stringify(data).slice(0, 200);
  throw new Error(`The job ${id} orders nothing that this version understands: ${found}`);
}

const TELL_EVERY_MS = 300;

function throttled<T>(tell: (value: T) => void): (value: T) => void {
  let toldAtMs = 0;
  return (value) => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = nowMs;
    tell(value);
  };
}
