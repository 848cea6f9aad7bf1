/** In: which parts, how often. Out: what each run measured. The one place that knows their order. */
import type {
  LatencyRun,
  LimitRun,
  Measurements,
  PartName,
  PipelineRun,
  ReconcileRun,
  TailRun,
} from './measurements.js';
import { type LatencyLoad, runLatency } from './parts/latency.js';
import { runLimit } from './parts/limit.js';
import type { Bench } from './parts/part.js';
import { runPipeline } from './parts/pipeline.js';
import { leaveCheckpoint } from './parts/prepare.js';
import { runReconcile } from './parts/reconcile.js';
import { runTail } from './parts/tail.js';
import { type Backlog, createBacklog, createProducts } from './workload.js';
import type { Deployment } from './deployment.js';

export interface RunOptions {
  readonly bench: Bench;
  readonly parts: readonly PartName[];
  readonly runs: number;
  readonly load: LatencyLoad;
  readonly reconcileRows: number;
}

export interface RunResult {
  readonly measurements: Measurements;
  readonly backlog: Backlog | undefined;
}

export async function runParts({ bench, parts, runs, load, reconcileRows }: RunOptions): Promise<RunResult> {
  const { progress, mysql, size } = bench;
  if (parts.some((part) => part !== 'reconcile')) {
    progress.step(`${size.products.toLocaleString('en')} products`);
    await createProducts(mysql, size);
  }
  const drains = await runDrains(bench, parts, runs);
  const latency: LatencyRun[] = [];
  for (const run of numbers(parts.includes('latency') ? runs : 0)) {
    progress.step(`latency: run ${run} of ${runs}`);
    latency.push(await runLatency(bench, bench.deploy(`latency-${run}`), load));
  }
  const reconcile: ReconcileRun[] = [];
  for (const run of numbers(parts.includes('reconcile') ? runs : 0)) {
    progress.step(`reconcile: run ${run} of ${runs}`);
    reconcile.push(await runReconcile(bench, reconcileRows));
  }
  return { measurements: { ...drains, latency, reconcile }, backlog: drains.backlog };
}

interface Drains extends Omit<Measurements, 'latency' | 'reconcile'> {
  readonly backlog: Backlog | undefined;
}

/** All that drains the backlog: every run the same bytes of binlog. */
async function runDrains(bench: Bench, parts: readonly PartName[], runs: number): Promise<Drains> {
  const { progress } = bench;
  const wanted = (part: PartName): number[] => numbers(parts.includes(part) ? runs : 0);
  if (parts.every((part) => part === 'latency' || part === 'reconcile'))
    return { tail: [], limit: [], pipeline: [], backlog: undefined };
  progress.step('checkpoints in front of the backlog');
  const tails = await leaveCheckpoints(
    bench,
    wanted('tail').map((run) => `tail-${run}`),
  );
  const pipelines = await leaveCheckpoints(
    bench,
    wanted('pipeline').map((run) => `pipeline-${run}`),
  );
  const backlog = await createCountedBacklog(bench);
  const [tail, limit, pipeline]: [TailRun[], LimitRun[], PipelineRun[]] = [[], [], []];
  for (const run of numbers(runs)) {
    const [forTail, forPipeline] = [tails[run - 1], pipelines[run - 1]];
    if (forTail !== undefined) {
      progress.step(`tail: run ${run} of ${runs}`);
      tail.push(await runTail(bench, forTail, backlog));
    }
    if (parts.includes('limit')) {
      progress.step(`limit: run ${run} of ${runs}`);
      limit.push(await runLimit(bench, backlog, tail.at(-1)));
    }
    if (forPipeline !== undefined) {
      progress.step(`pipeline: run ${run} of ${runs}`);
      pipeline.push(await runPipeline(bench, forPipeline, backlog));
    }
  }
  return { tail, limit, pipeline, backlog };
}

async function leaveCheckpoints(bench: Bench, names: readonly string[]): Promise<Deployment[]> {
  const deployments = names.map(bench.deploy);
  for (const deployment of deployments) await leaveCheckpoint(deployment);
  return deployments;
}

async function createCountedBacklog({ progress, mysql, size, signal }: Bench): Promise<Backlog> {
  const { transactions, rowsPerTransaction } = size;
  const total = transactions * rowsPerTransaction;
  progress.step(`a backlog of ${transactions} transactions of ${rowsPerTransaction} rows`);
  const backlog = await createBacklog(mysql, size, (rows) => {
    signal.throwIfAborted();
    progress.count(rows, total, 'rows');
  });
  progress.note(`${backlog.bytes} bytes of binlog, ${Math.round(backlog.bytes / backlog.rows)} a row`);
  return backlog;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
