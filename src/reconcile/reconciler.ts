/**
 * The periodic comparison of MySQL and Redis, for whatever no binlog event told.
 * In: a run's state, new or left by a process that died. Out: drifted values deleted and announced, and a report; and
 * the state, again and again, so that another process can go on from the last finished chunk.
 * Guarantees: nothing is called drift before it is confirmed (`confirm.ts`), nothing is deleted that has changed since
 * (`conclusions.ts`), and memory does not grow with the tables or the cache.
 */
import { messageOf } from '../errors.js';
import { tableText } from '../mapping/table-mapping.js';
import { type BrakeOptions, createBrake } from './brake.js';
import { type Checks, type TemplateCheck, sourceOf } from './checks.js';
import { type ConclusionsOptions, RunStopped, UNDECIDED_MAX, createConclusions } from './conclusions.js';
import { type Confirmations, createConfirmations } from './confirmations.js';
import { type Confirmed, type PipelineView, confirm } from './confirm.js';
import type { CacheReader, TableReader } from './effects.js';
import { type Likeness, createLikeness } from './likeness.js';
import { type RunPass, checkCandidates, passKeys, passRows } from './passes.js';
import type { Report, Sample } from './report.js';
import { type RunEnd, reportOf } from './report-of.js';
import { type RunProgress, createTeller } from './run-progress.js';
import type { RunState } from './run-state.js';
import { createStateKeeper } from './state-keeper.js';
import { type Suspect, type SuspectRecord, suspectId, suspectOf } from './suspect.js';

export interface ReconcilerOptions extends Pick<
  ConclusionsOptions,
  'limit' | 'deleteUnchanged' | 'queueRetry' | 'announce' | 'isOurs' | 'show' | 'nowMs'
> {
  readonly name: string;
  /** What can be checked now; `tables` as in the order. Tables that cannot are named, with the reason. */
  readonly loadChecks: (tables: readonly string[]) => Promise<LoadedChecks>;
  /** Where whole tables are read, perhaps a replica. */
  readonly scanned: Pick<TableReader, 'page' | 'estimateRows'>;
  /** The source, where differences are confirmed. */
  readonly tables: Pick<TableReader, 'lookup'>;
  readonly cache: CacheReader;
  readonly pipeline: PipelineView;
  /** What changed lately, for a pass of scope `recent`. */
  readonly recentSuspects: (checks: Checks) => Promise<RecentSuspects>;
  /** Fills in what the change topic tells of samples. */
  readonly searchHistory: (found: readonly Evidence[]) => Promise<void>;
  readonly brake: Omit<BrakeOptions, 'nowMs'>;
  readonly chunk: number;
  readonly confirmAfterMs: number;
  /** How long calls have waited for servers that were away, in all. */
  readonly outageMs: () => number;
}

export interface LoadedChecks {
  readonly checks: Checks;
  readonly skipped: Report['skipped'];
}

export interface RecentSuspects {
  readonly suspects: readonly Suspect[];
  readonly skipped: Report['skipped'];
}

export interface Evidence {
  readonly sample: Sample;
  readonly confirmed: Confirmed;
}

export interface RunControls {
  /** Aborted with a {@link Cancelled} to end the run, with anything else to hand it over to another process. */
  readonly signal: AbortSignal;
  readonly progress: (progress: RunProgress) => void;
  /** Resolves when the state is durable. */
  readonly save: (state: RunState) => Promise<void>;
}

/** The reason for aborting a run that is not wanted any more. */
export class Cancelled extends Error {}

export interface Reconciler {
  /** Changes the state as it goes. @throws the signal's reason when it was aborted to hand the run over */
  run(state: RunState, controls: RunControls): Promise<Report>;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  return {
    async run(state, controls) {
      const failure = new AbortController();
      const signal = AbortSignal.any([controls.signal, failure.signal]);
      let coverage: Checks['coverage'] = [];
      let end: RunEnd;
      try {
        const { checks, skipped } = await options.loadChecks(state.order.tables);
        ({ coverage } = checks);
        state.skipped = [...skipped];
        end = await runPasses(state, checks, options, { ...controls, signal }, failure);
      } catch (error) {
        end = endOf(failure.signal.aborted ? failure.signal.reason : error, controls.signal);
      }
      // A run that did not come to its end leaves what it had not settled to the next.
      state.undecided = [...state.undecided, ...state.pending].slice(0, UNDECIDED_MAX);
      return reportOf(state, { name: options.name, coverage, nowMs: options.nowMs() }, end);
    },
  };
}

async function runPasses(
  state: RunState,
  checks: Checks,
  options: ReconcilerOptions,
  controls: RunControls,
  failure: AbortController,
): Promise<RunEnd> {
  const { signal } = controls;
  const likenessOf = createLikenesses(state);
  const { confirmations, evidence } = startConfirming(state, likenessOf, options, signal, failure);
  const brake = createBrake({ ...options.brake, nowMs: options.nowMs });
  const before = { ...state.waitedMs };
  const keeper = createStateKeeper({ state, confirmations, save: controls.save, nowMs: options.nowMs });
  const tell = createTeller(state, confirmations, controls.progress);
  const pass: RunPass = {
    ...options,
    ...{ state, checks, brake, confirmations, likenessOf, keeper, tell, signal },
  };
  try {
    const { own, others } = splitByTable(state.pending, checks);
    state.undecided.push(...others);
    await checkCandidates(own, pass, { areTypical: false });
    state.pending = []; // they are in the confirmations' hands
    if (state.order.scope === 'full') {
      await passRows(pass);
      await passKeys(pass);
    } else {
      const recent = await options.recentSuspects(checks);
      state.skipped.push(...recent.skipped);
      await checkCandidates(recent.suspects, pass, { areTypical: true });
    }
    tell({ phase: 'confirming' });
    await confirmations.drain();
    signal.throwIfAborted();
    await searchHistory(evidence, state, options);
  } catch (error) {
    failure.abort(error);
    await confirmations.drain().catch(() => undefined); // what is being deleted is still to be told of
    if (failure.signal.reason instanceof RunStopped) await searchHistory(evidence, state, options);
    throw error;
  } finally {
    state.waitedMs = plus(before, { ...brake.waitedMs, outage: options.outageMs() });
    if (controls.signal.aborted) await keeper.saveNow().catch(() => undefined); // else the last one counts
    state.pending = keeper.pending();
  }
  return endOfPasses(state);
}

function startConfirming(
  state: RunState,
  likenessOf: (check: TemplateCheck) => Likeness,
  options: ReconcilerOptions,
  signal: AbortSignal,
  failure: AbortController,
): { readonly confirmations: Confirmations; readonly evidence: readonly Evidence[] } {
  const evidence: Evidence[] = [];
  const conclude = createConclusions({
    ...options,
    state,
    likenessOf,
    onSample: (sample, confirmed) => {
      evidence.push({ sample, confirmed });
    },
  });
  const confirmations = createConfirmations({
    confirm: (suspects) => confirm(suspects, options, signal),
    conclude,
    onFailure: (error) => {
      failure.abort(error);
    },
  });
  return { confirmations, evidence };
}

async function searchHistory(
  evidence: readonly Evidence[],
  state: RunState,
  options: ReconcilerOptions,
): Promise<void> {
  await options.searchHistory(evidence).catch((error: unknown) => {
    state.skipped.push({ what: 'history of samples', why: messageOf(error) });
  });
}

/** What was left of the tables that this run looks at, each place once, and of the others, for a run that does. */
function splitByTable(
  records: RunState['pending'],
  checks: Checks,
): { readonly own: readonly Suspect[]; readonly others: RunState['pending'] } {
  const own = new Map<string, Suspect>();
  const others = new Map<string, SuspectRecord>();
  for (const record of records) {
    const suspect = suspectOf(record, checks);
    if (suspect === undefined) continue; // the mapping has changed since
    const id = `${suspect.check.id} ${suspectId(suspect)}`;
    if (checks.isWanted(suspect.check)) own.set(id, suspect);
    else others.set(id, record);
  }
  return { own: [...own.values()], others: [...others.values()] };
}

type Waited = RunState['waitedMs'];

const plus = (one: Waited, other: Waited): Waited => ({
  rate: one.rate + other.rate,
  replicaLag: one.replicaLag + other.replicaLag,
  redisLatency: one.redisLatency + other.redisLatency,
  outage: one.outage + other.outage,
});

function createLikenesses({ likeness }: RunState): (check: TemplateCheck) => Likeness {
  const likenesses = new Map<TemplateCheck['template'], Likeness>();
  return ({ table, template }) => {
    const known =
      likenesses.get(template) ??
      createLikeness((likeness[`${tableText(table)}#${sourceOf(template)}`] ??= { compared: 0, ways: {} }));
    likenesses.set(template, known);
    return known;
  };
}

function endOfPasses({ mismatches }: RunState): RunEnd {
  const [first] = mismatches;
  if (first === undefined) return { status: 'finished', reason: '' };
  const { table, template, alike, compared, differs } = first;
  const reason =
    `the mapping of ${table} "${template}" is wrong: ${alike} of ${compared} values differ alike (${differs}). ` +
    'Nothing of this template was deleted; mend its `value`, or run unstale reconcile --force if the cache is wrong';
  return { status: 'stopped', reason };
}

/** @throws the reason of a signal that hands the run over */
function endOf(error: unknown, outer: AbortSignal): RunEnd {
  if (outer.aborted) {
    if (outer.reason instanceof Cancelled) return { status: 'cancelled', reason: outer.reason.message };
    throw outer.reason;
  }
  return { status: error instanceof RunStopped ? 'stopped' : 'failed', reason: messageOf(error) };
}
