/** How a report's figures and terms are said to people, on the page and at a terminal alike. */
import { DRIFT_KINDS, type DriftKind } from '../domain/drift.js';
import type { History, Report, Sample } from './report.js';

export interface KindWords {
  readonly label: string;
  readonly meaning: string;
}

export const KIND_WORDS: Readonly<Record<DriftKind, KindWords>> = {
  stale: { label: 'Stale', meaning: 'The value shows another state of its row.' },
  orphan: { label: 'Orphan', meaning: 'The row does not exist any more.' },
  secondary_key_moved: {
    label: 'Secondary key moved',
    meaning: 'No row has the values that the key was made of: they have changed, or the row is gone.',
  },
  unparseable: { label: 'Unparseable', meaning: 'The value is not what the mapping declares.' },
  missing: { label: 'Missing', meaning: 'The mapping expects the value to be there, and it is not.' },
  type_mismatch: {
    label: 'Type mismatch',
    meaning: "Nearly all of a template's values differ alike: the mapping is wrong, not the cache.",
  },
};

export const SCOPE_WORDS: Readonly<Record<Report['scope'], string>> = {
  full: 'Full pass',
  recent: 'Pass over recent changes',
};

export const TRIGGER_WORDS: Readonly<Record<Report['trigger'], string>> = {
  schedule: 'by the schedule',
  start: 'as unstale started',
  command: 'by command',
};

export const STATUS_WORDS: Readonly<Record<Report['status'], string>> = {
  finished: 'Finished',
  stopped: 'Stopped',
  cancelled: 'Cancelled',
  failed: 'Failed',
};

export const REPAIR_WORDS: Readonly<Record<Sample['repair'], string>> = {
  deleted: 'Repaired: deleted from the cache',
  changed_meanwhile: 'Not repaired: it changed in the meantime',
  not_asked: 'Not repaired: this pass only reports',
  nothing_to_delete: 'Nothing to delete: it comes back when it is read',
  wrong_mapping: 'Not repaired: the mapping is wrong, not the cache',
  failed: 'Deletion failed: it lies in the retry queue',
  limit: 'Not repaired: a limit of repairs was reached',
};

export const HISTORY_WORDS: Readonly<Record<History['verdict'], string>> = {
  no_event: 'No event found',
  event_missed: 'Event missed',
  late_fill: 'Late fill',
  event_seen: 'Event seen',
  not_searched: 'Topic not searched',
};

export const WAIT_WORDS: readonly (readonly [name: keyof Report['waitedMs'], words: string])[] = [
  ['rate', 'Its own rate limits'],
  ['replicaLag', 'Replica lag'],
  ['redisLatency', 'Redis latency'],
  ['outage', 'Servers that did not answer'],
];

const english = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const number = (value: number): string => english.format(value);

/** `1 value`, `12 values`. */
export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${number(amount)} ${amount === 1 ? one : many}`;

export function duration(ms: number): string {
  if (ms < 1_000) return `${number(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${number(hours)} h ${minutes % 60} min`;
}

/** From an ISO time; to the second. */
export const time = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

export const totalDrift = (drift: Report['drift']): number =>
  DRIFT_KINDS.reduce((total, kind) => total + drift[kind], 0);

/** The kinds that occur in any of these, in the order of {@link DRIFT_KINDS}. */
export const kindsIn = (drifts: readonly Report['drift'][]): DriftKind[] =>
  DRIFT_KINDS.filter((kind) => drifts.some((drift) => drift[kind] > 0));
