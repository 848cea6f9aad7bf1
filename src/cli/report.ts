/** `unstale report`: asks the queue's Redis, not a running process. Each command resolves to the exit code. */
import { writeFile } from 'node:fs/promises';
import { type ReportStore, connectReportStore } from '../clients/report-store.js';
import type { Config } from '../config/schema.js';
import type { Logger } from '../ops/logger.js';
import { renderReportPage } from '../reconcile/page/page.js';
import type { Report } from '../reconcile/report.js';
import { visibleLine } from '../reconcile/visible-text.js';
import { renderReport, renderReportList } from './report-text.js';

export interface ReportOptions {
  readonly config: Config;
  readonly log: Logger;
}

const EXIT_FAILED = 1;

export interface ListReportsOptions extends ReportOptions {
  readonly json: boolean;
  /** Undefined: all that are kept. */
  readonly limit: number | undefined;
}

/** The JSON document is the list of summaries, newest first. */
export function listReports({ json, limit, ...options }: ListReportsOptions): Promise<number> {
  return withStore(options, async (store) => {
    const summaries = await store.list(limit);
    if (json) process.stdout.write(`${JSON.stringify(summaries)}\n`);
    if (summaries.length === 0) return refuse(missing(options.config));
    if (!json) process.stdout.write(`${renderReportList(summaries)}\n`);
    return 0;
  });
}

export interface ShowReportOptions extends ReportOptions {
  readonly json: boolean;
  /** Undefined: the latest. */
  readonly id: string | undefined;
}

/** The JSON document is the report, as unstale-report.schema.json says. */
export function showReport({ json, id, ...options }: ShowReportOptions): Promise<number> {
  return withStore(options, async (store) => {
    const report = await find(store, id);
    if (report === undefined) return refuse(missing(options.config, id));
    process.stdout.write(`${json ? JSON.stringify(report) : renderReport(report)}\n`);
    return 0;
  });
}

export interface PageReportOptions extends ReportOptions {
  /** Undefined: the latest. */
  readonly id: string | undefined;
  /** Path of a file that is written or replaced; undefined: stdout. */
  readonly output: string | undefined;
}

export function pageReport({ id, output, ...options }: PageReportOptions): Promise<number> {
  return withStore(options, async (store) => {
    const report = await find(store, id);
    if (report === undefined) return refuse(missing(options.config, id));
    const page = renderReportPage(report, await store.list());
    if (output === undefined) process.stdout.write(page);
    else await writeFile(output, page);
    return 0;
  });
}

const find = (store: ReportStore, id: string | undefined): Promise<Report | undefined> =>
  id === undefined ? store.latest() : store.get(id);

function missing({ name }: Config, id?: string): string {
  if (id === undefined)
    return `There are no drift reports of ${name} yet: the first one comes with the next pass; unstale reconcile makes one now.`;
  return `There is no drift report ${visibleLine(id)} of ${name}; unstale report list shows those that are kept.`;
}

function refuse(message: string): number {
  process.stderr.write(`${message}\n`);
  return EXIT_FAILED;
}

async function withStore(
  { config, log }: ReportOptions,
  use: (store: ReportStore) => Promise<number>,
): Promise<number> {
  const store = connectReportStore({ url: config.queue.url, name: config.name, log });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}
