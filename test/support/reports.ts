import type { DriftKind } from '../../src/domain/drift.js';
import { type Report, type Sample, reportSchema } from '../../src/reconcile/report.js';

/** How many of each kind; those not named are none. */
export const driftWith = (counts: Partial<Record<DriftKind, number>> = {}): Report['drift'] => ({
  stale: 0,
  orphan: 0,
  secondary_key_moved: 0,
  unparseable: 0,
  missing: 0,
  type_mismatch: 0,
  ...counts,
});

/** A valid report: a full pass in which nothing drifted, with some of its fields replaced. */
export const reportWith = (fields: Partial<Report> = {}): Report =>
  reportSchema.parse({
    v: 1,
    id: 'r1',
    name: 'shop',
    scope: 'full',
    trigger: 'schedule',
    status: 'finished',
    reason: '',
    repairs: true,
    startedAt: '2026-03-01T12:00:00.000Z',
    endedAt: '2026-03-01T12:00:04.200Z',
    durationMs: 4_200,
    resumed: 0,
    rows: 1_000_000,
    keys: 420_000,
    compared: 400_000,
    rowsPerSecond: 238_095.2,
    keysPerSecond: 100_000,
    waitedMs: { rate: 0, replicaLag: 0, redisLatency: 0, outage: 0 },
    drift: driftWith(),
    repaired: 0,
    undecided: 0,
    tables: [tableWith()],
    samples: [],
    mismatches: [],
    coverage: [{ table: 'shop.products', template: 'product:{id}:stock', values: true, keys: true, why: '' }],
    unexplained: { keys: 0, samples: [] },
    undecidedSamples: [],
    skipped: [],
    ...fields,
  } satisfies Report);

export const tableWith = (fields: Partial<Report['tables'][number]> = {}): Report['tables'][number] => ({
  table: 'shop.products',
  rows: 1_000_000,
  compared: 400_000,
  absent: 600_000,
  keys: 420_000,
  drift: driftWith(),
  repaired: 0,
  undecided: 0,
  ...fields,
});

/** A valid sample: a stale stock that was deleted, with some of its fields replaced. */
export const sampleWith = (fields: Partial<Sample> = {}): Sample => ({
  table: 'shop.products',
  template: 'product:{id}:stock',
  key: 'app:product:7:stock',
  field: null,
  kind: 'stale',
  rowKey: '{"id":7}',
  differs: 'stock',
  cached: '5',
  row: '3',
  repair: 'deleted',
  foundAt: '2026-03-01T12:00:02.000Z',
  history: {
    verdict: 'late_fill',
    text: 'The cache holds what the row was before its last event.',
    changes: [
      {
        at: '2026-03-01T11:59:58.120Z',
        operation: 'update',
        changed: ['stock'],
        partition: 3,
        offset: '9007199254740993',
        gtid: '3e11fa47-71ca-11e1-9e33-c80aa9429562:23',
      },
    ],
  },
  ...fields,
});
