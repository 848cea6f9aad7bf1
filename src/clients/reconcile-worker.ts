/**
 * BullMQ's worker for reconcile runs: one at a time, each until it is done, cancelled, or left to another process.
 * Guarantee: only whoever holds a run's lock saves its state. A process that lost the lock, since it or Redis stood
 * still for too long, leaves the run alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, type Job } from 'bullmq';
import { Cancelled } from '../reconcile/reconciler.js';
import { type JobData, type QueuePlace, openWorker } from './bullmq.js';

/** A run in hand. Its data is the order, or what was saved of it. */
export interface RunJob {
  readonly id: string;
  readonly data: unknown;
  /** Resolves when it is durable. @throws Error if the run is in other hands by now */
  save(data: object): Promise<void>;
  progress(progress: object): void;
  /** Aborted with a {@link Cancelled} when somebody cancels the run, and when `leaving` is. */
  readonly signal: AbortSignal;
  /** Aborted when this process is to have done with the run: it stops, or another one has the run. */
  readonly leaving: AbortSignal;
}

/** `again`: another process is to go on with it. */
export type RunOutcome = { readonly reportId: string } | 'again';

/** How long a run stays with a process that died. */
const LOCK_MS = 10_000;
/** How often all processes together look for such runs. */
const STALLED_LOOK_MS = 2_000;
const CANCEL_LOOK_MS = 500;
/** Then a run that was told to end is left as it was saved last: whoever stops the process waits for it. */
const LEAVE_MAX_MS = 2_500;
const OTHER_HANDS = 'the run is in other hands by now';

export interface RunWorkerOptions {
  readonly place: QueuePlace;
  readonly work: (job: RunJob) => Promise<RunOutcome>;
  readonly isCancelled: (id: string) => Promise<boolean>;
}

/** stop() returns within 5 s; the run in hand goes on in another process, or comes again with this one. */
export function startRunWorker({ place, work, isCancelled }: RunWorkerOptions): { stop(): Promise<void> } {
  const { log } = place;
  const stopping = new AbortController();
  let inHand: { readonly id: string; readonly lost: AbortController } | undefined;
  const { worker, stop } = openWorker<object, string>(
    place,
    async (job, token = '') => {
      const lost = new AbortController();
      const run = openRun(job, token, { stopping: stopping.signal, lost, isCancelled });
      inHand = { id: run.job.id, lost };
      try {
        const outcome = await Promise.race([work(run.job), leftAfter(run.job.leaving, LEAVE_MAX_MS)]);
        if (outcome !== 'again') return outcome.reportId;
        if (!lost.signal.aborted) await job.moveToDelayed(Date.now() + 100, token);
        throw new DelayedError(); // tells BullMQ that the job is where it belongs
      } finally {
        inHand = undefined;
        run.end();
      }
    },
    { concurrency: 1, lockDuration: LOCK_MS, stalledInterval: STALLED_LOOK_MS },
  );
  worker.on('lockRenewalFailed', (ids) => {
    if (inHand === undefined || !ids.includes(inHand.id)) return;
    log.warn({ job: inHand.id }, 'the reconcile run in hand was given up for dead; it comes again');
    inHand.lost.abort(new Error(OTHER_HANDS));
  });
  worker.on('failed', (_job, error) => {
    log.error({ err: error }, 'a reconcile run ended without a report');
  });
  return {
    stop() {
      stopping.abort(new Error('the process stops'));
      return stop();
    },
  };
}

interface RunHold extends Pick<RunWorkerOptions, 'isCancelled'> {
  readonly stopping: AbortSignal;
  readonly lost: AbortController;
}

interface OpenRun {
  readonly job: RunJob;
  /** Nothing of it reaches Redis any more. */
  end(): void;
}

function openRun(
  job: Job<JobData<object>, string>,
  token: string,
  { stopping, lost, isCancelled }: RunHold,
): OpenRun {
  const id = String(job.id);
  const leaving = AbortSignal.any([stopping, lost.signal]);
  const cancelling = new AbortController();
  const timer = watchCancel(() => isCancelled(id), cancelling);
  let isOver = false;
  return {
    job: {
      id,
      data: job.data,
      async save(data) {
        if (isOver || (await job.extendLock(token, LOCK_MS)) !== 1) {
          lost.abort(new Error(OTHER_HANDS));
          throw new Error(OTHER_HANDS);
        }
        await job.updateData(data);
      },
      progress(progress) {
        if (!isOver) void job.updateProgress(progress).catch(() => undefined); // the next one tells
      },
      signal: AbortSignal.any([leaving, cancelling.signal]),
      leaving,
    },
    end() {
      isOver = true;
      clearInterval(timer);
    },
  };
}

function watchCancel(isCancelled: () => Promise<boolean>, cancelling: AbortController): NodeJS.Timeout {
  return setInterval(() => {
    isCancelled().then(
      (cancelled) => {
        if (cancelled) cancelling.abort(new Cancelled('it was cancelled'));
      },
      () => undefined, // asked again soon
    );
  }, CANCEL_LOOK_MS);
}

/** Resolves some time after the signal was aborted; never, if it is not. */
function leftAfter(signal: AbortSignal, afterMs: number): Promise<'again'> {
  return new Promise((resolve) => {
    const later = (): void => {
      void sleep(afterMs, undefined, { ref: false }).then(() => {
        resolve('again');
      });
    };
    if (signal.aborted) later();
    else signal.addEventListener('abort', later, { once: true });
  });
}
