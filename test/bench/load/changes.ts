/**
 * A steady load of changes, and how long their keys outlive them. Each change has a product of its own: both keys are
 * set, then the row is updated. In: a schedule that waits for nobody. Out: the time from COMMIT's return here until
 * Redis's notification of the last key's deletion came here; one clock, so too long by the notification's way, never
 * too short. Keys that were gone before COMMIT returned count as 0.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { answer } from '../child.js';
import { changesScript, type LatencyFigures } from '../scripts.js';
import { cacheEntriesOf, keysOf } from '../workload.js';
import { createKeyWatch, type KeyWatch } from './key-watch.js';

/** Keys that are still there so long after the last change count as missing. */
const giveUpMs = 10_000;
const connectionsMax = 16;
const microsecondsMax = 60_000_000;

await answer(changesScript, async (input) => {
  const { mysqlUrl, cacheUrl, changesPerSecond, warmUpSeconds, seconds, deletedBy } = input;
  const mysql = createPool({ uri: mysqlUrl, connectionLimit: connectionsMax });
  const cache = new Redis(cacheUrl);
  const watch = await createKeyWatch(cacheUrl);
  const warmUp = changesPerSecond * warmUpSeconds;
  const total = warmUp + changesPerSecond * seconds;
  const committedMs: number[] = [];

  const change = async (id: number): Promise<void> => {
    watch.expect(id, keysOf(id));
    await cache.mset(cacheEntriesOf(id));
    await mysql.execute('UPDATE shop.products SET stock = stock - 1, updated_at = NOW(3) WHERE id = ?', [id]);
    const nowMs = performance.now();
    committedMs.push(nowMs);
    watch.committed(id, nowMs);
    if (deletedBy === 'itself') await cache.unlink(keysOf(id));
  };
  try {
    await onSchedule(total, changesPerSecond, (index) => change(index + 1));
    await watch.allGone(giveUpMs);
    const measured = committedMs.slice(warmUp);
    const spanSeconds = ((measured.at(-1) ?? 0) - (measured[0] ?? 0)) / 1000;
    return { ...summarize(watch, warmUp), changesPerSecond: (measured.length - 1) / spanSeconds };
  } finally {
    await watch.close();
    cache.disconnect();
    await mysql.end();
  }
});

/** Starts each piece of work at its time, however long earlier ones take; then waits for all. */
async function onSchedule(
  total: number,
  perSecond: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let failure: unknown;
  const startedMs = performance.now();
  while (underWay.length < total && failure === undefined) {
    const due = Math.min(total, Math.ceil(((performance.now() - startedMs) * perSecond) / 1000));
    while (underWay.length < due) {
      const started = work(underWay.length);
      started.catch((error: unknown) => {
        failure = error;
      });
      underWay.push(started);
    }
    await pause(1);
  }
  await Promise.all(underWay);
}

/** Of the changes behind the warm-up, by their ids. */
function summarize(watch: KeyWatch, warmUp: number): Omit<LatencyFigures, 'changesPerSecond'> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsecondsMax,
    numberOfSignificantValueDigits: 3,
  });
  let missing = 0;
  let beforeCommitReturned = 0;
  for (const { id, latencyMs } of watch.results()) {
    if (latencyMs === undefined)
      missing += 1; // wherever it was
    else if (id > warmUp) {
      if (latencyMs < 0) beforeCommitReturned += 1;
      histogram.recordValue(Math.min(microsecondsMax, Math.max(1, Math.round(latencyMs * 1000))));
    }
  }
  const msAt = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    changes: histogram.totalCount,
    p50Ms: msAt(50),
    p99Ms: msAt(99),
    maxMs: histogram.maxValue / 1000,
    missing,
    beforeCommitReturned,
  };
}
