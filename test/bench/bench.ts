/** Starts real servers, runs parts of the bench on them, and stops everything again, whatever happens. */
import { cpus, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { createConnection } from 'mysql2/promise';
import { startServers } from '../../infra/local/servers.js';
import { createDeployments } from './deployment.js';
import type { PartName } from './measurements.js';
import { createMeasure } from './measure.js';
import type { LatencyLoad } from './parts/latency.js';
import type { Progress } from './progress.js';
import { type Figure, figuresOf } from './results.js';
import { type RunResult, runParts } from './run-parts.js';
import type { WorkloadSize } from './workload.js';

export interface BenchOptions {
  readonly parts: readonly PartName[];
  readonly runs: number;
  readonly size: WorkloadSize;
  readonly load: LatencyLoad;
  /** How large the largest table is that is reconciled. */
  readonly reconcileRows: number;
  readonly quietWaitMs: number;
  /** For configuration files and logs of this run. */
  readonly folder: string;
  readonly progress: Progress;
  /** Aborts the bench. */
  readonly stopping: AbortController;
}

/** What the JSON document holds. */
export interface BenchReport extends RunResult {
  readonly startedAt: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly options: Pick<BenchOptions, 'parts' | 'runs' | 'size' | 'load' | 'reconcileRows'>;
  readonly figures: readonly Figure[];
}

export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const { parts, runs, size, load, reconcileRows, folder, progress, stopping } = options;
  const { signal } = stopping;
  const startedAt = new Date().toISOString();
  const closers: (() => Promise<unknown>)[] = [];
  const opened = <Resource>(resource: Resource, close: (opened: Resource) => Promise<unknown>): Resource => {
    closers.unshift(() => close(resource));
    return resource;
  };
  try {
    progress.step('servers of the bench alone');
    const onLost = (message: string): void => {
      stopping.abort(new Error(message));
    };
    const servers = opened(await startServers({ set: 'bench', fresh: true, signal, onLost }), (started) =>
      started.stop(),
    );
    const { addresses } = servers;
    const mysql = opened(await createConnection({ uri: addresses.mysql }), (connection) => connection.end());
    const cache = opened(new Redis(addresses.cache), (redis) => redis.quit());
    // What is lost shows in the work under way; without a listener the event would end the process before that.
    mysql.on('error', () => undefined);
    cache.on('error', () => undefined);
    const kafka = new Kafka({ brokers: addresses.kafka, logLevel: logLevel.ERROR });
    const admin = opened(kafka.admin(), (client) => client.disconnect());
    await admin.connect();
    const measure = createMeasure({ progress, waitMaxMs: options.quietWaitMs, signal });
    const deploy = createDeployments({ addresses, folder, signal });
    const bench = { addresses, mysql, cache, kafka, admin, size, deploy, folder, progress, signal, measure };
    const result = await runParts({ bench, parts, runs, load, reconcileRows });
    const machine = { ...describeMachine(), mysql: await versionOf(mysql) };
    const figures = figuresOf(result.measurements);
    return { startedAt, machine, options: { parts, runs, size, load, reconcileRows }, ...result, figures };
  } finally {
    progress.step('stopping the servers');
    for (const close of closers) await close().catch(() => undefined); // after a failure some are gone already
    progress.end();
  }
}

function describeMachine(): Record<string, string | number> {
  const [first] = cpus();
  return {
    cpus: cpus().length,
    cpu: first?.model ?? '',
    memoryBytes: totalmem(),
    node: process.version,
  };
}

async function versionOf(mysql: { query(sql: string): Promise<[unknown, unknown]> }): Promise<string> {
  const [rows] = await mysql.query('SELECT @@version AS version');
  return (rows as readonly { readonly version: string }[])[0]?.version ?? '';
}
