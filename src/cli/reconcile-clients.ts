import { connectCacheReader } from '../clients/cache-reader.js';
import { type ReconcileQueue, connectReconcileQueue } from '../clients/reconcile-queue.js';
import { type ReportStore, connectReportStore } from '../clients/report-store.js';
import { openTableReader } from '../clients/table-reader.js';
import { messageTopic } from '../publish/topics.js';
import type { CacheReader, TableReader } from '../reconcile/effects.js';
import { type Parts, untilAvailable } from './parts.js';

/** What every run of a process uses. */
export interface ReconcileClients {
  readonly queue: ReconcileQueue;
  readonly reports: ReportStore;
  /** The source. */
  readonly tables: TableReader;
  /** Where whole tables are read. */
  readonly scanned: TableReader;
  readonly cache: CacheReader;
}

export async function openReconcileClients({
  config,
  log,
  resources,
  kafka,
  signal,
}: Parts): Promise<ReconcileClients> {
  const { queue, reconcile, mysql, redis, name } = config;
  await untilAvailable({ log, signal }, () =>
    kafka.ensureTopic(messageTopic(reconcile.topic, config.kafka.partitions)),
  );
  const closed = <T extends { close(): Promise<void> }>(client: T): T =>
    resources.opened(client, (opened) => opened.close());
  const tables = closed(openTableReader({ url: mysql.url }));
  return {
    queue: closed(connectReconcileQueue({ url: queue.url, name, log })),
    reports: closed(connectReportStore({ url: queue.url, name, log })),
    tables,
    scanned: reconcile.readFrom === undefined ? tables : closed(openTableReader({ url: reconcile.readFrom })),
    cache: closed(connectCacheReader(redis, log)),
  };
}
