/**
 * In: confirmed drift, and what stayed undecided. Out: values deleted, if they still are what they were; one
 * acknowledged message for each; and what the report tells of them.
 */
import type { CacheKey } from '../domain/cache-key.js';
import type { FailedTarget } from '../domain/failed-target.js';
import type { UnchangedOutcome, UnchangedTarget } from '../invalidate/deletion.js';
import { tableText } from '../mapping/table-mapping.js';
import { type TemplateCheck, sourceOf } from './checks.js';
import type { Confirmation, Confirmed } from './confirm.js';
import type { Likeness, Mismatch } from './likeness.js';
import { type RepairLimit, repairsLeft } from './repair-limit.js';
import type { Sample } from './report.js';
import type { RunState } from './run-state.js';
import { type Show, rowKeyText, showBoth } from './showing.js';
import { type Suspect, recordOf, suspectId, targetOf } from './suspect.js';
import { lookedAt, tallyOf, totals } from './tally.js';

/** A drifted value, as others are told of it. */
export interface DriftNotice {
  readonly event: 'inventory_inconsistency';
  readonly run: string;
  readonly table: string;
  readonly template: string;
  readonly key: string;
  readonly field: string | null;
  readonly kind: Sample['kind'];
  readonly differs: string;
  /** JSON; empty where the row is not known. */
  readonly rowKey: string;
  readonly cached: string | null;
  readonly row: string | null;
  readonly repaired: boolean;
  readonly at: string;
  readonly v: 1;
}

export interface ConclusionsOptions {
  readonly state: RunState;
  readonly likenessOf: (check: TemplateCheck) => Likeness;
  readonly limit: RepairLimit;
  /** The one deletion path, in its comparing form. */
  readonly deleteUnchanged: (items: readonly UnchangedTarget[]) => Promise<UnchangedOutcome[]>;
  /** Resolves when they are durable in the retry queue. */
  readonly queueRetry: (failed: readonly FailedTarget[]) => Promise<void>;
  /** Resolves when Kafka has acknowledged all. */
  readonly announce: (notices: readonly DriftNotice[]) => Promise<void>;
  /** Whether a template of the mapping could have made this key (guarantee 6). */
  readonly isOurs: (key: string) => key is CacheKey;
  readonly show: Show;
  readonly nowMs: () => number;
  /** Beside a sample, for whoever wants to search for its history. */
  readonly onSample: (sample: Sample, confirmed: Confirmed) => void;
}

/** A run that must not go on, though nothing failed. */
export class RunStopped extends Error {}

const SAMPLES_MAX = 100;
const SAMPLES_PER_KIND_MAX = 5;
/** Of what a run leaves to the next. */
export const UNDECIDED_MAX = 10_000;
/** Beyond this a value that stays where it is may be counted once for each direction that finds it. */
const TOLD_MAX = 100_000;
const UNDECIDED_SAMPLES_MAX = 20;

/** @throws RunStopped when a limit of repairs is reached */
export function createConclusions(options: ConclusionsOptions): (found: Confirmation) => Promise<void> {
  const { state } = options;
  const leftOpen = createPlaces();
  const leftThere = createPlaces();
  return async (found) => {
    for (const { suspect, why } of found.undecided) {
      if (leftOpen.has(suspect)) continue;
      leftOpen.add(suspect);
      tallyOf(state.tally, tableText(suspect.check.table)).undecided += 1;
      if (state.undecided.length < UNDECIDED_MAX) state.undecided.push(recordOf(suspect));
      if (state.undecidedSamples.length < UNDECIDED_SAMPLES_MAX)
        state.undecidedSamples.push({ key: suspect.key, why });
    }
    const drift = found.drift.filter(({ suspect }) => !leftThere.has(suspect));
    const { mismatched, real } = splitByLikeness(drift, options);
    noteMismatches(mismatched, options);
    const outcomes = await repair(real, options);
    const stays = real.filter((_, index) => !GOES.has(outcomes[index] ?? 'not_asked'));
    for (const { suspect } of [...mismatched, ...stays]) leftThere.add(suspect);
    const notices = real.map((confirmed, index) => note(confirmed, outcomes[index] ?? 'not_asked', options));
    if (notices.length > 0) await options.announce(notices);
    if (outcomes.includes('limit')) throw new RunStopped(limitReached(options));
  };
}

/** Whatever is found there afterwards is another value. */
const GOES: ReadonlySet<Sample['repair']> = new Set(['deleted', 'changed_meanwhile']);

interface Places {
  has(suspect: Suspect): boolean;
  add(suspect: Suspect): void;
}

/** Where a value stays as it is: the other direction, or what an earlier run left, may come upon it again. */
function createPlaces(): Places {
  const ids = new Set<string>();
  const idOf = (suspect: Suspect): string => `${suspect.check.id} ${suspectId(suspect)}`;
  return {
    has: (suspect) => ids.has(idOf(suspect)),
    add(suspect) {
      if (ids.size < TOLD_MAX) ids.add(idOf(suspect));
    },
  };
}

/** What says something of the key alone, and nothing of the value that the mapping declares. */
const OF_KEYS: ReadonlySet<Sample['kind']> = new Set(['orphan', 'secondary_key_moved', 'missing']);

/** Where a mapping is wrong, a value that differs otherwise than most is no more to be believed. */
function splitByLikeness(
  drift: readonly Confirmed[],
  { state, likenessOf }: ConclusionsOptions,
): { mismatched: Confirmed[]; real: Confirmed[] } {
  const mismatched: Confirmed[] = [];
  const real: Confirmed[] = [];
  for (const each of drift) {
    const mismatch = state.order.force ? undefined : likenessOf(each.suspect.check).mismatch();
    const { kind, differs } = each.difference;
    const isReal = mismatch === undefined || (OF_KEYS.has(kind) && differs !== mismatch.differs);
    (isReal ? real : mismatched).push(each);
  }
  return { mismatched, real };
}

/** Nothing of such a template is deleted: it is the mapping that has to be mended. */
function noteMismatches(mismatched: readonly Confirmed[], options: ConclusionsOptions): void {
  for (const each of mismatched) {
    const confirmed: Confirmed = { ...each, difference: { ...each.difference, kind: 'type_mismatch' } };
    note(confirmed, 'wrong_mapping', options);
    const mismatch = options.likenessOf(each.suspect.check).mismatch();
    if (mismatch !== undefined) noteMismatch(options.state, each.suspect.check, mismatch);
  }
}

function noteMismatch(state: RunState, check: TemplateCheck, mismatch: Mismatch): void {
  const [table, template] = [tableText(check.table), sourceOf(check.template)];
  const known = state.mismatches.find((each) => each.table === table && each.template === template);
  if (known === undefined) state.mismatches.push({ table, template, ...mismatch });
  else Object.assign(known, mismatch);
}

async function repair(drift: readonly Confirmed[], options: ConclusionsOptions): Promise<Sample['repair'][]> {
  const { state, limit, deleteUnchanged, queueRetry, isOurs } = options;
  const outcomes = drift.map((): Sample['repair'] => 'not_asked');
  if (!state.order.repair) return outcomes;
  const items: { readonly at: number; readonly item: UnchangedTarget }[] = [];
  const { tally, order } = state;
  const room = order.force
    ? Number.POSITIVE_INFINITY
    : repairsLeft(limit, lookedAt(tally), totals(tally).repaired);
  for (const [at, { suspect, difference, held }] of drift.entries()) {
    const { key, field, check } = suspect;
    if (difference.kind === 'missing') outcomes[at] = 'nothing_to_delete';
    const isNoHash = field !== undefined && held.kind === 'other'; // it has no field that could be deleted
    if (isNoHash) outcomes[at] = 'wrong_mapping';
    if (difference.kind === 'missing' || isNoHash || !isOurs(key)) continue;
    if (items.length >= room) outcomes[at] = 'limit';
    else
      items.push({ at, item: { target: targetOf(key, field), held, fields: check.comparer?.fields ?? [] } });
  }
  const done = await deleteUnchanged(items.map(({ item }) => item));
  const failed: FailedTarget[] = [];
  items.forEach(({ at, item }, index) => {
    const outcome = done[index] ?? 'changed';
    outcomes[at] = outcome === 'deleted' ? 'deleted' : outcome === 'changed' ? 'changed_meanwhile' : 'failed';
    if (typeof outcome === 'object') failed.push({ target: item.target, error: outcome.error });
  });
  if (failed.length > 0) await queueRetry(failed);
  return outcomes;
}

/** Counts a value, keeps it as a sample if there is room, and says what others are told. */
function note(confirmed: Confirmed, repaired: Sample['repair'], options: ConclusionsOptions): DriftNotice {
  const { state, show, nowMs, onSample } = options;
  const { suspect, difference } = confirmed;
  const table = tableText(suspect.check.table);
  const counts = tallyOf(state.tally, table);
  counts.drift[difference.kind] += 1;
  if (repaired === 'deleted') counts.repaired += 1;
  const told = {
    table,
    template: sourceOf(suspect.check.template),
    key: suspect.key,
    field: suspect.field ?? null,
    kind: difference.kind,
    differs: difference.differs,
    rowKey: rowKeyText(confirmed),
    ...showBoth(confirmed, show),
  };
  const at = new Date(nowMs()).toISOString();
  if (hasRoom(state.samples, table, difference.kind)) {
    const history = { verdict: 'not_searched' as const, text: '', changes: [] };
    const sample: Sample = { ...told, repair: repaired, foundAt: at, history };
    state.samples.push(sample);
    onSample(sample, confirmed);
  }
  return {
    event: 'inventory_inconsistency',
    run: state.id,
    ...told,
    repaired: repaired === 'deleted',
    at,
    v: 1,
  };
}

function hasRoom(samples: readonly Sample[], table: string, kind: Sample['kind']): boolean {
  const alike = samples.filter((sample) => sample.table === table && sample.kind === kind);
  return samples.length < SAMPLES_MAX && alike.length < SAMPLES_PER_KIND_MAX;
}

function limitReached({ state, limit }: ConclusionsOptions): string {
  const { repaired } = totals(state.tally);
  return (
    `reconcile.maxRepairs: ${repaired} values were deleted, and more have drifted than ${limit.count} or ` +
    `${limit.share * 100} % of what was looked at. See the samples: if the cache is really that stale, run ` +
    'unstale reconcile --force; if the mapping is wrong, mend it'
  );
}
