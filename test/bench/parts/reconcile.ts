/**
 * In: a table that grows from size to size, every row's key cached as it is. Out: how fast `unstale reconcile` compares
 * both in both directions, what memory that takes, and how fast the loop is that it replaces.
 */
import { runScript } from '../child.js';
import type { ReconcilePass, ReconcileRun } from '../measurements.js';
import { reconcileOnce } from '../reconcile-program.js';
import { addKeys, addRows, type IdRange, sizesUpTo } from '../reconcile-table.js';
import { loopScript } from '../scripts.js';
import { createEmptyProducts } from '../workload.js';
import type { Bench } from './part.js';

/** Each row takes the loop the same time, so some tell it. */
const loopRowsMax = 20_000;

export async function runReconcile(bench: Bench, rowsMax: number): Promise<ReconcileRun> {
  const { addresses, cache, mysql, progress, signal, measure } = bench;
  await createEmptyProducts(mysql, 'reconcile');
  await cache.flushdb();
  const passes: (ReconcilePass & { readonly othersShare: number })[] = [];
  let filled = 0;
  for (const rows of sizesUpTo(rowsMax)) {
    await fill(bench, { first: filled + 1, last: rows });
    filled = rows;
    progress.step(`reconcile: ${rows.toLocaleString('en')} rows and their keys`);
    passes.push(await measure(() => reconcileOnce(rows, bench)));
  }
  const rows = Math.min(rowsMax, loopRowsMax);
  progress.step(`reconcile: a SELECT and a GET for each of ${rows.toLocaleString('en')} rows, in a loop`);
  const input = { mysqlUrl: addresses.mysql, cacheUrl: addresses.cache, rows };
  const loop = await measure(() => runScript(loopScript, input, signal));
  return {
    loopRowsPerSecond: loop.rowsPerSecond,
    passes,
    othersShare: Math.max(loop.othersShare, ...passes.map(({ othersShare }) => othersShare)),
  };
}

/** More rows, and their keys. */
async function fill({ cache, mysql, progress, signal }: Bench, range: IdRange): Promise<void> {
  const total = range.last - range.first + 1;
  const counting = (unit: string) => (done: number) => {
    signal.throwIfAborted();
    progress.count(done, total, unit);
  };
  progress.step(`reconcile: ${total.toLocaleString('en')} more rows`);
  await addRows(mysql, { range, onProgress: counting('rows') });
  progress.step(`reconcile: ${total.toLocaleString('en')} more keys`);
  await addKeys(cache, { range, onProgress: counting('keys') });
}
