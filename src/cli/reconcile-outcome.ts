import { DRIFT_KINDS } from '../domain/drift.js';
import type { Report } from '../reconcile/report.js';
import type { Parts } from './parts.js';

/** Tells metrics, the log and people what a run found: one alert for a run with drift, or that did not finish. */
export function tellOutcome(
  report: Report,
  { metrics, alerts, log }: Pick<Parts, 'metrics' | 'alerts' | 'log'>,
): void {
  const { scope, status, reason, rows, keys, compared, drift, repaired, undecided, durationMs } = report;
  const { reconcile } = metrics;
  reconcile.runs.inc({ scope, status });
  reconcile.rows.inc(rows);
  reconcile.keys.inc(keys);
  reconcile.compared.inc(compared);
  reconcile.repaired.inc(repaired);
  reconcile.undecided.set(undecided);
  reconcile.endedAt.set({ scope }, Date.parse(report.endedAt) / 1_000);
  reconcile.seconds.set({ scope }, durationMs / 1_000);
  for (const { table, drift: ofTable } of report.tables) {
    for (const kind of DRIFT_KINDS)
      if (ofTable[kind] > 0) reconcile.drift.inc({ table, kind }, ofTable[kind]);
  }
  const drifted = DRIFT_KINDS.reduce((sum, kind) => sum + drift[kind], 0);
  const figures = {
    run: report.id,
    scope,
    status,
    rows,
    keys,
    compared,
    drifted,
    repaired,
    undecided,
    durationMs,
  };
  log.info(figures, reason === '' ? 'the reconcile run has ended' : `the reconcile run has ended: ${reason}`);
  const details = { ...figures, drift, reason };
  if (status === 'stopped' || status === 'failed') {
    alerts.alert({ event: `reconcile_${status}`, title: `The reconcile run ${status}: ${reason}`, details });
  } else if (drifted > 0) {
    const title = `${drifted} cached values had drifted, ${repaired} of them deleted (unstale report show ${report.id})`;
    alerts.alert({ event: 'drift', title, details });
  }
}
