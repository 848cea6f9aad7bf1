import type { Checks } from './checks.js';
import type { Report } from './report.js';
import type { RunState } from './run-state.js';
import { totals } from './tally.js';

export interface RunEnd {
  readonly status: Report['status'];
  readonly reason: string;
}

/** What a run comes to. Pure. */
export function reportOf(
  state: RunState,
  { name, coverage, nowMs }: { name: string; coverage: Checks['coverage']; nowMs: number },
  { status, reason }: RunEnd,
): Report {
  const { tally, order } = state;
  return {
    v: 1,
    id: state.id,
    name,
    scope: order.scope,
    trigger: order.trigger,
    status,
    reason,
    repairs: order.repair,
    startedAt: new Date(state.startedAtMs).toISOString(),
    endedAt: new Date(nowMs).toISOString(),
    durationMs: Math.max(0, Math.round(nowMs - state.startedAtMs)),
    resumed: state.resumed,
    rows: tally.rows,
    keys: tally.keys,
    compared: tally.compared,
    rowsPerSecond: perSecond(tally.rows, tally.rowsMs),
    keysPerSecond: perSecond(tally.keys, tally.keysMs),
    waitedMs: rounded(state.waitedMs),
    ...totals(tally),
    tables: Object.entries(tally.tables).map(([table, counts]) => ({ table, ...counts })),
    samples: state.samples,
    mismatches: state.mismatches,
    coverage,
    unexplained: { keys: tally.unexplained, samples: state.unexplainedSamples },
    undecidedSamples: state.undecidedSamples,
    skipped: state.skipped,
  };
}

const perSecond = (count: number, ms: number): number => (ms === 0 ? 0 : Math.round((count / ms) * 1_000));

const rounded = (waited: Report['waitedMs']): Report['waitedMs'] => ({
  rate: Math.round(waited.rate),
  replicaLag: Math.round(waited.replicaLag),
  redisLatency: Math.round(waited.redisLatency),
  outage: Math.round(waited.outage),
});
