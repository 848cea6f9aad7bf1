import type { ChalkInstance } from 'chalk';
import type { StaleKey } from './audit.js';
import type { Untold } from './untold.js';
import { count, ms } from './view/text.js';
import type { LatencyFigures } from './probe/latencies.js';

/** How the demo ended. `--json` prints it as it is. */
export interface Verdict {
  /** None stale, everything dealt with in time, and unstale drained and exited with 0. */
  readonly fine: boolean;
  readonly changes: number;
  /** Cached values compared with their rows after the end. */
  readonly compared: number;
  readonly stale: number;
  /** At most {@link examplesMax} of the stale keys. */
  readonly examples: readonly StaleKey[];
  readonly staleWithoutUnstale: number;
  /** False if unstale still had changes to deal with when the wait for it ended. */
  readonly drained: boolean;
  /** Null if it ended by a signal. */
  readonly unstaleExitCode: number | null;
  /** What changes past the binlog came to. */
  readonly untold: Untold;
  readonly commitToDelete: LatencyFigures | null;
  /** Keys that were still there when the probe gave up on them. */
  readonly probesGivenUp: number;
}

export interface Outcome extends Omit<Verdict, 'fine' | 'stale' | 'examples'> {
  readonly staleKeys: readonly StaleKey[];
}

const examplesMax = 5;

export function judge({ staleKeys, ...rest }: Outcome): Verdict {
  const isMended = rest.untold.stale > 0 && rest.untold.left === 0;
  const fine =
    staleKeys.length === 0 && rest.drained && rest.unstaleExitCode === 0 && rest.compared > 0 && isMended;
  return { fine, ...rest, stale: staleKeys.length, examples: staleKeys.slice(0, examplesMax) };
}

/** Lines for a terminal; where something is not fine, what it is. */
export function describeVerdict(verdict: Verdict, chalk: ChalkInstance): string[] {
  const { changes, compared, stale, staleWithoutUnstale, commitToDelete, untold } = verdict;
  const color = stale === 0 ? chalk.green : chalk.red;
  const latency = commitToDelete && `p50 ${ms(commitToDelete.p50Ms)}, p99 ${ms(commitToDelete.p99Ms)}`;
  return [
    `verdict: ${count(changes)} changes, ${count(compared)} cached values compared, ${color(`${count(stale)} stale`)}`,
    `         (${count(staleWithoutUnstale)} were stale without unstale)`,
    ...(commitToDelete && latency
      ? [`         commit to delete: ${latency} (${count(commitToDelete.probes)} probes)`]
      : []),
    `         past the binlog: ${count(untold.stale)} more went stale, reconcile found ${count(untold.found)}, ${count(untold.left)} are left`,
    ...verdict.examples.map(describeStale),
    ...complaintsOf(verdict).map((complaint) => chalk.red(complaint)),
  ];
}

const describeStale = ({ key, cached, expected }: StaleKey): string =>
  `stale: ${key} holds ${cached}, ` +
  (expected === undefined ? 'its row is gone' : `should hold ${expected}`);

function complaintsOf({ compared, drained, probesGivenUp, unstaleExitCode }: Verdict): string[] {
  return [
    ...(compared === 0 ? ['The cache was empty at the end: nothing was proven.'] : []),
    ...(drained ? [] : ['unstale had not dealt with all changes when the wait for it ended.']),
    ...(probesGivenUp === 0 ? [] : [`${count(probesGivenUp)} probed keys were not deleted in time.`]),
    ...(unstaleExitCode === 0
      ? []
      : [`unstale did not drain and exit with 0 (${unstaleExitCode ?? 'killed'}).`]),
  ];
}
