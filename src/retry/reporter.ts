import type { Alert } from '../ops/alerts.js';
import type { DeadJob } from './decide.js';

export interface ReporterOptions {
  readonly alert: (alert: Alert) => void;
  /** The first report goes out at once; those that follow within this time go out as one. */
  readonly everyMs?: number;
}

const SAMPLE_MAX = 10;

/** Reports dead jobs to people. An outage can bury thousands within seconds, and no one reads thousands of alerts. */
export function createReporter({ alert, everyMs = 60_000 }: ReporterOptions): {
  report(dead: DeadJob): void;
  stop(): void;
} {
  let waiting: DeadJob[] = [];
  let more = { jobs: 0, keys: 0 };
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (more.jobs === 0) return;
    alert(alertFor(waiting, more.keys));
    waiting = [];
    more = { jobs: 0, keys: 0 };
    timer = setTimeout(flush, everyMs);
  };
  return {
    report(dead) {
      if (waiting.length < SAMPLE_MAX) waiting.push(dead);
      more = { jobs: more.jobs + 1, keys: more.keys + dead.targets.length };
      if (timer === undefined) flush();
    },
    stop() {
      clearTimeout(timer);
      flush();
      clearTimeout(timer);
    },
  };
}

function alertFor(deadJobs: readonly DeadJob[], keys: number): Alert {
  const [first] = deadJobs;
  const unreadableOnly = deadJobs.every(({ reason }) => reason === 'MESSAGE_UNREADABLE');
  return {
    event: 'dead_letters',
    title: unreadableOnly
      ? 'Jobs of the retry queue could not be read; they lie in the dead-letter topic'
      : `${keys} cache keys could not be deleted and may be stale; they lie in the dead-letter topic`,
    details: {
      keys,
      sample: deadJobs.flatMap(({ targets }) => targets.map(({ key }) => key)).slice(0, SAMPLE_MAX),
      reason: first?.reason ?? null,
      stage: first?.stage ?? null,
      error: first?.error ?? null,
      attempts: first?.attempts ?? null,
      firstAt: first === undefined ? null : new Date(first.firstAtMs).toISOString(),
    },
  };
}
