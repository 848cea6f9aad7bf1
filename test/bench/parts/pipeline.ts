/**
 * In: a backlog in the binlog and a cache that is full of its keys. Out: how fast two processes, the tail and the
 * consumers, empty the cache.
 */
import type { Deployment } from '../deployment.js';
import type { PipelineRun } from '../measurements.js';
import { readProcessStats } from '../process-stats.js';
import { createRateMeter } from '../rate.js';
import { followToEnd } from '../topic.js';
import { type Backlog, fillCache, keysPerRow, productsTouched } from '../workload.js';
import type { Bench } from './part.js';

/** The deployment's checkpoint must lie right before the backlog. */
export async function runPipeline(
  { cache, progress, signal, size, measure }: Bench,
  deployment: Deployment,
  { rows }: Backlog,
): Promise<PipelineRun> {
  const products = productsTouched(size);
  progress.step(`pipeline: filling the cache with ${products * keysPerRow} keys`);
  const consumers = await deployment.start(['invalidate', 'retry']);
  try {
    await fillCache(cache, products);
    progress.step('pipeline: the tail and the consumers drain the backlog');
    return await measure(async () => {
      const meter = createRateMeter();
      const before = await readProcessStats(consumers.pid);
      const tail = await deployment.launch(['tail']);
      try {
        await followToEnd({
          look: async () => rowsDone({ rows, products, keysLeft: await cache.dbsize() }),
          total: rows,
          meter,
          died: Promise.race([tail.died, consumers.died]),
          signal,
          onProgress: (done) => {
            progress.count(done, rows, 'rows');
          },
        });
        const after = await readProcessStats(consumers.pid);
        return {
          rowsPerSecond: meter.perSecond(),
          keysPerRow,
          tail: await readProcessStats(tail.pid),
          consumers: { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds },
        };
      } finally {
        await tail.stop();
      }
    });
  } finally {
    await consumers.stop();
  }
}

/**
 * What the emptiness of the cache says of the backlog. At its beginning each row takes its keys along; then come rows
 * whose keys are gone already, during which this stands still; the last rows take the last keys (`blockOf`).
 */
export function rowsDone({
  rows,
  products,
  keysLeft,
}: {
  readonly rows: number;
  readonly products: number;
  readonly keysLeft: number;
}): number {
  return keysLeft === 0 ? rows : Math.max(0, products - Math.ceil(keysLeft / keysPerRow));
}
