/** The ways through the data: over the rows, over the keys, and over places that are known to be worth a look. */
import { UnstaleError } from '../errors.js';
import { tableText } from '../mapping/table-mapping.js';
import type { Brake } from './brake.js';
import type { Checks, TableCheck, TemplateCheck } from './checks.js';
import type { Confirmations } from './confirmations.js';
import type { CacheNode, CacheReader, TableReader } from './effects.js';
import { type Look, judge } from './judge.js';
import { scanKeys } from './key-scan.js';
import type { Likeness } from './likeness.js';
import { lookAt } from './look.js';
import { scanRows } from './row-scan.js';
import type { ProgressTeller } from './run-progress.js';
import type { RunState } from './run-state.js';
import type { StateKeeper } from './state-keeper.js';
import type { Suspect } from './suspect.js';
import { tallyOf } from './tally.js';
import { withOthers } from './ways.js';

export interface RunPass {
  readonly state: RunState;
  readonly checks: Checks;
  readonly scanned: Pick<TableReader, 'page' | 'estimateRows'>;
  readonly tables: Pick<TableReader, 'lookup'>;
  readonly cache: CacheReader;
  readonly brake: Brake;
  readonly chunk: number;
  readonly confirmations: Confirmations;
  readonly likenessOf: (check: TemplateCheck) => Likeness;
  readonly keeper: StateKeeper;
  readonly nowMs: () => number;
  readonly tell: ProgressTeller;
  readonly signal: AbortSignal;
}

const CANDIDATES_AT_A_TIME = 1_000;

/**
 * Looks at suspects once, so that only those which differ take the time of being confirmed.
 * @param areTypical whether they are as likely right as any other; else they say nothing of the mapping
 */
export async function checkCandidates(
  candidates: readonly Suspect[],
  pass: RunPass,
  { areTypical }: { readonly areTypical: boolean },
): Promise<void> {
  const { brake, confirmations, signal, tell } = pass;
  for (let from = 0; from < candidates.length; from += CANDIDATES_AT_A_TIME) {
    signal.throwIfAborted();
    const part = candidates.slice(from, from + CANDIDATES_AT_A_TIME);
    await brake.ops(part.length, signal);
    const looks = await lookAt(part, pass);
    await confirmations.add(
      part.filter((suspect, index) => {
        const look = looks[index];
        return look !== undefined && differs(suspect, look, pass, areTypical);
      }),
    );
    tell({ phase: 'recent' });
  }
}

/** Counts what is compared. */
function differs(suspect: Suspect, look: Look, { state, likenessOf }: RunPass, isTypical: boolean): boolean {
  const { check } = suspect;
  const difference = judge(suspect, look);
  if (look.held.kind !== 'absent' && check.comparer !== undefined) {
    state.tally.compared += 1;
    tallyOf(state.tally, tableText(check.table)).compared += 1;
    if (isTypical) likenessOf(check).compared(1);
    if (isTypical && difference !== undefined) likenessOf(check).differs(difference.differs);
  }
  return difference !== undefined;
}

/** Database to cache: every row of every table that has something to compare. */
export async function passRows(pass: RunPass): Promise<void> {
  const { state, checks, scanned, signal, tell } = pass;
  const begin = state.place;
  if (begin.phase !== 'rows') return; // another process has been through
  const wanted = checks.tables
    .filter(({ compared }) => compared.length > 0)
    .sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  const estimates = await Promise.all(wanted.map(({ schema }) => scanned.estimateRows(schema.table)));
  tell({ phase: 'rows', rowsTotal: estimates.reduce((sum, rows) => sum + rows, 0) });
  for (const table of wanted) {
    if (nameOf(table) >= begin.table) await passTable(table, pass).catch(leaveOut(table, pass));
    signal.throwIfAborted();
  }
  state.place = { phase: 'keys', done: [], node: '', cursor: '0' };
}

const nameOf = ({ schema }: TableCheck): string => tableText(schema.table);

/** A table that was dropped or altered meanwhile is the next run's; the others are still read. */
const leaveOut =
  (table: TableCheck, { state }: RunPass) =>
  (error: unknown): void => {
    if (!(error instanceof UnstaleError) || error.code !== 'TABLE_CHANGED') throw error;
    state.skipped.push({ what: `rows of ${nameOf(table)}`, why: error.message });
  };

async function passTable(table: TableCheck, pass: RunPass): Promise<void> {
  const { state, checks, scanned, cache, brake, chunk, confirmations, likenessOf, keeper, nowMs, tell } =
    pass;
  const { signal } = pass;
  const name = nameOf(table);
  const counts = tallyOf(state.tally, name);
  const { place } = state;
  const after = place.phase === 'rows' && place.table === name ? place.after : undefined;
  const observe = {
    compared(check: TemplateCheck, compared: number, absent: number) {
      likenessOf(check).compared(compared);
      state.tally.compared += compared;
      counts.compared += compared;
      counts.absent += absent;
    },
    differs(check: TemplateCheck, how: string) {
      likenessOf(check).differs(how);
    },
  };
  let sinceMs = nowMs();
  const scan = { tables: scanned, cache, brake, rowsMax: chunk, observe };
  for await (const { rows, next, suspects } of scanRows(table, after, scan, signal)) {
    counts.rows += rows;
    state.tally.rows += rows;
    state.tally.rowsMs += nowMs() - sinceMs;
    await confirmations.add(suspects.map((suspect) => withOthers(suspect, checks)));
    // Even if the run is to end now: these rows are counted, and their suspects are kept as pending.
    state.place = { phase: 'rows', table: name, ...(next === undefined ? {} : { after: next }) };
    tell({ phase: 'rows', table: name });
    await keeper.saveSometimes();
    signal.throwIfAborted();
    sinceMs = nowMs();
  }
}

/** How often a node may change while it is scanned, on average; then the run does without the rest. */
const SCANS_PER_NODE_MAX = 3;

/** Cache to database: every key of every node, also of those that come meanwhile, as by a failover. */
export async function passKeys(pass: RunPass): Promise<void> {
  const { state, cache, tell } = pass;
  const nodes = await cache.nodes();
  // For show only, so that a node that is away now is none of its business.
  const counts = await Promise.all(nodes.map((node) => node.keyCount().catch(() => 0)));
  tell({ phase: 'keys', keysTotal: counts.reduce((sum, keys) => sum + keys, 0) });
  for (let scansLeft = SCANS_PER_NODE_MAX * nodes.length; state.place.phase === 'keys'; scansLeft -= 1) {
    const { done, node: begun } = state.place;
    const left = (await cache.nodes()).filter(({ id }) => !done.includes(id));
    const node = left.find(({ id }) => id === begun) ?? left[0];
    if (node === undefined || scansLeft === 0) state.place = { phase: 'end' };
    if (node !== undefined && scansLeft === 0) state.skipped.push(UNSTEADY);
    else if (node !== undefined) await passNode(node, pass);
  }
}

const UNSTEADY = {
  what: 'some keys',
  why: 'Redis servers changed again and again while they were scanned',
};

/**
 * A scan counts only if the node is the same at its end: a cursor means nothing to a server that was restarted, or
 * that got other slots. One that only was away for a while goes on where it was.
 */
async function passNode(node: CacheNode, pass: RunPass): Promise<void> {
  const { state, cache, signal } = pass;
  const { place } = state;
  if (place.phase !== 'keys') return;
  const isWhole = await scanWhole(node, place.node === node.id ? place.cursor : '0', pass);
  signal.throwIfAborted();
  const isSame = (await cache.nodes()).some(({ id }) => id === node.id);
  if (isWhole && isSame)
    state.place = { phase: 'keys', done: [...place.done, node.id], node: '', cursor: '0' };
}

/** False if the node went away before the end. */
async function scanWhole(node: CacheNode, cursor: string, pass: RunPass): Promise<boolean> {
  try {
    await scanNode(node, cursor, pass);
    return true;
  } catch (error) {
    if (error instanceof UnstaleError && error.code === 'REDIS_UNREACHABLE') return false;
    throw error;
  }
}

const UNEXPLAINED_SAMPLES_MAX = 20;

async function scanNode(node: CacheNode, cursor: string, pass: RunPass): Promise<void> {
  const {
    state,
    checks,
    tables,
    cache,
    brake,
    chunk,
    confirmations,
    likenessOf,
    keeper,
    nowMs,
    tell,
    signal,
  } = pass;
  const observe = {
    found({ table }: TemplateCheck, count: number) {
      tallyOf(state.tally, tableText(table)).keys += count;
    },
    unexplained(key: string) {
      state.tally.unexplained += 1;
      if (state.unexplainedSamples.length < UNEXPLAINED_SAMPLES_MAX) state.unexplainedSamples.push(key);
    },
    differs(check: TemplateCheck, how: string) {
      likenessOf(check).compared(1);
      likenessOf(check).differs(how);
    },
  };
  let sinceMs = nowMs();
  const scan = { checks, tables, cache, brake, keysMax: chunk, observe };
  for await (const page of scanKeys(node, cursor, scan, signal)) {
    state.tally.keys += page.keys;
    state.tally.keysMs += nowMs() - sinceMs;
    await confirmations.add(page.suspects);
    if (state.place.phase === 'keys') state.place = { ...state.place, node: node.id, cursor: page.cursor };
    tell({ phase: 'keys' });
    await keeper.saveSometimes();
    signal.throwIfAborted();
    sinceMs = nowMs();
  }
}
