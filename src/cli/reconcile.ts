import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '../clients/reconcile-queue.js';
import type { Config } from '../config/schema.js';
import { UnstaleError } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import type { Report } from '../reconcile/report.js';
import type { RunProgress } from '../reconcile/run-progress.js';
import { type Parts, buildParts, untilAvailable } from './parts.js';
import { type ProgressDisplay, createProgressDisplay } from './reconcile-progress.js';
import { renderReport } from './report-text.js';
import { createResources } from './resources.js';
import { openDeletion } from './wire-deletion.js';
import { type ReconcileClients, openReconcileClients } from './reconcile-clients.js';
import { startReconcileWorker } from './wire-reconcile.js';

export interface ReconcileOptions {
  readonly config: Config;
  readonly log: Logger;
  /** `db.table`; all if empty. */
  readonly tables: readonly string[];
  readonly reportOnly: boolean;
  readonly force: boolean;
  readonly json: boolean;
  /** Aborted when the run is to be cancelled. */
  readonly signal: AbortSignal;
}

const EXIT_FAILED = 1;
const EXIT_FOUND = 3;
const LOOK_EVERY_MS = 200;

/** One run now. It may be worked on by another process, too: whichever takes it first. Resolves to the exit code. */
export async function reconcile(options: ReconcileOptions): Promise<number> {
  const { config, log, signal } = options;
  const resources = createResources((error) => {
    log.debug({ err: error }, 'something did not close cleanly');
  });
  const failed = new AbortController();
  try {
    const parts = await buildParts(
      {
        config,
        log,
        signal: AbortSignal.any([signal, failed.signal]),
        stages: new Set(['reconcile']),
        resetPosition: false,
        serve: false,
        onFailure: (error) => {
          failed.abort(error);
        },
      },
      resources,
    );
    demandMapped(options.tables, parts);
    const deletion = await openDeletion(parts);
    const clients = await openReconcileClients(parts);
    startReconcileWorker(parts, deletion, clients);
    const report = await runOnce(options, clients);
    process.stdout.write(`${options.json ? JSON.stringify(report) : renderReport(report)}\n`);
    return exitCodeOf(report);
  } finally {
    await resources.closeAll();
  }
}

/** @throws UnstaleError CONFIG_INVALID for a table that no mapping names */
function demandMapped(tables: readonly string[], { mapping }: Parts): void {
  const unmapped = tables.filter((text) => {
    const [db = '', ...table] = text.split('.');
    return mapping.planFor({ db, table: table.join('.') }) === undefined;
  });
  if (unmapped.length === 0) return;
  const known = mapping.tables.map(({ name }) => name).join(', ');
  throw new UnstaleError('CONFIG_INVALID', `No mapping names ${unmapped.join(', ')}. Mapped are: ${known}.`);
}

async function runOnce(
  { config, tables, reportOnly, force, signal, log }: ReconcileOptions,
  { queue, reports }: ReconcileClients,
): Promise<Report> {
  const order = {
    scope: 'full',
    trigger: 'command',
    tables: [...tables],
    repair: !reportOnly && config.reconcile.repair,
    force,
  };
  const id = await untilAvailable({ log, signal }, () => queue.add(order, { first: true }));
  const display = createProgressDisplay({ stream: process.stderr, nowMs: () => performance.now() });
  const look = async (): Promise<Report | undefined> => {
    const view = await queue.view(id);
    const reportId = reportIdOf(view, signal.aborted);
    if (reportId !== undefined) return reportOf(await reports.get(reportId));
    showView(view, display);
    return undefined;
  };
  try {
    while (!signal.aborted) {
      const report = await untilAvailable({ log, signal }, look).catch(unlessAborted(signal));
      if (report !== undefined) return report;
      await sleep(LOOK_EVERY_MS);
    }
    await queue.cancel(id);
    for (;;) {
      const report = await look();
      if (report !== undefined) return report;
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    display.end();
  }
}

const unlessAborted = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error;
  return undefined;
};

/** It was kept before the run counted as done. */
function reportOf(report: Report | undefined): Report {
  if (report !== undefined) return report;
  throw new Error('The report is gone already: reconcile.keepReports keeps newer ones only.');
}

/** Undefined while it is under way. @throws Error where it ended without a report */
function reportIdOf(view: RunView, isCancelled: boolean): string | undefined {
  switch (view.state) {
    case 'waiting':
    case 'running':
      return undefined;
    case 'done':
      return view.reportId;
    case 'failed':
      throw new Error(`The run ended without a report: ${view.reason}`);
    case 'gone':
      throw new Error(
        isCancelled ? 'The run was cancelled before it began.' : 'The run has vanished from the queue.',
      );
  }
}

function showView(view: RunView, display: ProgressDisplay): void {
  if (view.state === 'waiting') display.waiting();
  else if (view.state === 'running' && isProgress(view.progress)) display.show(view.progress);
}

const isProgress = (value: unknown): value is RunProgress =>
  typeof value === 'object' && value !== null && 'phase' in value;

function exitCodeOf({ status, drift }: Report): number {
  if (status === 'failed' || status === 'cancelled') return EXIT_FAILED;
  const isClean = status === 'finished' && Object.values(drift).every((count) => count === 0);
  return isClean ? 0 : EXIT_FOUND;
}
