import type { Checks } from '../../../src/reconcile/checks.js';
import {
  type ReconcilerOptions,
  type RunControls,
  createReconciler,
} from '../../../src/reconcile/reconciler.js';
import type { RunState } from '../../../src/reconcile/run-state.js';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import type { DriftNotice } from '../../../src/reconcile/conclusions.js';
import { type Stored, memoryCache } from './memory-cache.js';
import { type Row, memoryTables } from './memory-tables.js';
import { checksOf, products, runWith, stockKey } from './support.js';

export interface Shop {
  readonly rows?: readonly Row[];
  readonly cached?: Readonly<Record<string, Stored>>;
  readonly checks?: Checks;
  readonly options?: Partial<ReconcilerOptions>;
}

/** A reconciler over servers in memory, whose clock goes on by 600 ms whenever it is looked at: each page is saved. */
export function shopWith({ rows = [], cached = {}, checks = checksOf([stockKey]), options = {} }: Shop = {}) {
  const tables = memoryTables();
  tables.put(products, ...rows);
  const cache = memoryCache(cached);
  const announced: DriftNotice[] = [];
  let nowMs = Date.parse('2026-03-01T12:00:00Z');
  const reconciler = createReconciler({
    name: 'shop',
    loadChecks: () => Promise.resolve({ checks, skipped: [] }),
    scanned: tables,
    tables,
    cache,
    pipeline: {
      topicEnds: () => Promise.resolve(new Map()),
      untilApplied: () => Promise.resolve(),
      untilPublished: () => Promise.resolve(),
      changedBetween: () => Promise.resolve(new Set()),
      retryPending: () => Promise.resolve(new Set()),
    },
    recentSuspects: () => Promise.resolve({ suspects: [], skipped: [] }),
    searchHistory: () => Promise.resolve(),
    brake: {
      rowsPerSecondMax: 1e9,
      opsPerSecondMax: 1e9,
      replicaLagMsMax: 1,
      redisLatencyMsMax: 1_000,
      pauseMsMax: 1_000,
      replicaLagMs: () => Promise.resolve(undefined),
      redisLatencyMs: () => Promise.resolve(1),
    },
    chunk: 10,
    confirmAfterMs: 0,
    outageMs: () => 0,
    limit: { share: 1, count: 1_000_000 },
    deleteUnchanged: cache.deleteUnchanged,
    queueRetry: () => Promise.resolve(),
    announce: (notices) => Promise.resolve(void announced.push(...notices)),
    isOurs: (key): key is CacheKey => key !== '',
    show: 'values',
    nowMs: () => (nowMs += 600),
    ...options,
  });
  const controls: RunControls = {
    signal: new AbortController().signal,
    progress: () => undefined,
    save: () => Promise.resolve(),
  };
  return {
    tables,
    cache,
    announced,
    run: (state: RunState = runWith(), more: Partial<RunControls> = {}) =>
      reconciler.run(state, { ...controls, ...more }),
  };
}

/** As the queue keeps it. */
export const copyOf = (state: RunState): RunState => JSON.parse(JSON.stringify(state)) as RunState;

/** Products 1 to `count`, of which some are stale, in order, and keys without rows behind them. */
export function driftedShop(
  count: number,
  isStale: (id: number) => boolean,
  orphans = 0,
): Required<Pick<Shop, 'rows' | 'cached'>> {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  return {
    rows: ids.map((id) => ({ id, sku: `s${id}`, stock: 3 })),
    cached: Object.fromEntries([
      ...ids.map((id) => [`p:${id}`, isStale(id) ? '5' : '3'] as const),
      ...Array.from({ length: orphans }, (_, index) => [`p:${count + 1 + index}`, '3'] as const),
    ]),
  };
}
