/**
 * In: a steady load of changes to cached rows. Out: how long keys outlive the commit, with all of unstale's stages in
 * one process, and servers and load on the same cores.
 */
import { runScript } from '../child.js';
import type { Deployment } from '../deployment.js';
import type { LatencyRun } from '../measurements.js';
import { readProcessStats } from '../process-stats.js';
import { changesScript } from '../scripts.js';
import type { Bench } from './part.js';

export interface LatencyLoad {
  readonly changesPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export async function runLatency(
  { addresses, cache, progress, signal, size, measure }: Bench,
  deployment: Deployment,
  load: LatencyLoad,
): Promise<LatencyRun> {
  const changes = load.changesPerSecond * (load.warmUpSeconds + load.seconds);
  if (changes > size.products) throw new Error(`The load of ${changes} changes needs as many products.`);
  await cache.flushdb();
  const input = { mysqlUrl: addresses.mysql, cacheUrl: addresses.cache, ...load };
  progress.step(`latency: ${load.changesPerSecond} changes a second, without unstale`);
  const floor = await measure(
    async () => await runScript(changesScript, { ...input, deletedBy: 'itself' }, signal),
  );
  const unstale = await deployment.start();
  try {
    progress.step(`latency: ${load.changesPerSecond} changes a second`);
    return await measure(async () => {
      const changing = runScript(changesScript, { ...input, deletedBy: 'unstale' }, signal);
      return {
        ...(await Promise.race([changing, unstale.died])),
        wantedChangesPerSecond: input.changesPerSecond,
        floor,
        unstale: await readProcessStats(unstale.pid),
      };
    });
  } finally {
    await unstale.stop();
  }
}
