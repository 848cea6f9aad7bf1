/** Reconciling, joined with its servers: one worker a process, one run at a time over all of them. */
import type { ReconcileQueue } from '../clients/reconcile-queue.js';
import { CancelRequested, type RunJob, type RunOutcome } from '../clients/reconcile-worker.js';
import { Cancelled } from '../reconcile/reconciler.js';
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
  const { config, health } = parts;
  const clients = await openReconcileClients(parts);
  const { schedule, recentEveryMs, repair, atStart } = config.reconcile;
  const order = (scope: RunOrder['scope'], trigger: RunOrder['trigger']): RunOrder => ({
    scope,
    trigger,
    tables: [],
    repair,
    force: false,
  });
  await untilAvailable(parts, async () => {
    await clients.queue.schedule('full', schedule, order('full', 'schedule'));
    await clients.queue.schedule(
      'recent',
      recentEveryMs === undefined ? { kind: 'never' } : { kind: 'every', everyMs: recentEveryMs },
      order('recent', 'schedule'),
    );
    if (atStart) await clients.queue.add(order('full', 'start'), { once: 'start' });
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
  const { log, metrics, health, config } = parts;
  const stage = health.stage('reconcile');
  const aborting = abortingWith(job.signal);
  const state = await openState(job, clients.queue);
  const { reconciler, close } = createRun(parts, deletion, clients, aborting);
  metrics.reconcile.running.set(1);
  stage.ready(`compares MySQL and Redis since ${new Date(state.startedAtMs).toISOString()}`);
  log.info({ run: state.id, ...state.order, resumed: state.resumed }, 'a reconcile run begins');
  try {
    const report = await reconciler.run(state, {
      signal: aborting,
      progress: throttled((progress) => {
        job.progress({ ...progress, run: state.id, scope: state.order.scope });
      }),
      save: (saved) => job.save(saved),
    });
    await clients.reports.save(report, config.reconcile.keepReports);
    await clients.queue.remember(UNDECIDED, state.undecided);
    tellOutcome(report, parts);
    return { reportId: report.id };
  } catch (error) {
    if (!aborting.aborted) throw error;
    log.info({ run: state.id }, 'the reconcile run is left to the next process');
    return 'again';
  } finally {
    metrics.reconcile.running.set(0);
    stage.ready('waits for its time');
    await close();
  }
}

/** The queue's reasons, as the run knows them. */
function abortingWith(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = (): void => {
    const reason: unknown = signal.reason;
    controller.abort(reason instanceof CancelRequested ? new Cancelled(reason.message) : reason);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return controller.signal;
}

/** A new run, or the one that a process left. */
async function openState(job: RunJob, queue: ReconcileQueue): Promise<RunState> {
  const saved = runStateSchema.safeParse(job.data);
  if (saved.success) return { ...saved.data, resumed: saved.data.resumed + 1 };
  const order = orderSchema.parse(job.data);
  const nowMs = Date.now();
  const state = newRun(
    `${new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${job.id.slice(-8)}`,
    order,
    nowMs,
  );
  return { ...state, pending: parseRecords(await queue.recall(UNDECIDED)) };
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
