/** The ways through the data: over the rows, over the keys, and over places that are known to be worth a look. */
import { UnstaleError } from '../errors.js';
import { tableText } from '../mapping/table-mapping.js';
import type { Brake } from './brake.js';
import type { Checks, TableCheck, TemplateCheck } from './checks.js';
import type { Confirmations } from './confirmations.js';
import type { CacheNode, CacheReader, TableReader } from './effects.js';
import { judge } from './judge.js';
import { scanKeys } from './key-scan.js';
import type { Likeness } from './likeness.js';
import { lookAt } from './look.js';
import { scanRows } from './row-scan.js';
import type { ProgressTeller } from './run-progress.js';
import type { RunState } from './run-state.js';
import type { StateKeeper } from './state-keeper.js';
import type { Suspect } from './suspect.js';
import { tallyOf } from './tally.js';

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

/** Looks at suspects once, so that only those which differ take the time of being confirmed. */
export async function checkCandidates(candidates: readonly Suspect[], pass: RunPass): Promise<void> {
  const { brake, confirmations, state, signal, tell } = pass;
  for (let from = 0; from < candidates.length; from += CANDIDATES_AT_A_TIME) {
    signal.throwIfAborted();
    const part = candidates.slice(from, from + CANDIDATES_AT_A_TIME);
    await brake.ops(part.length, signal);
    const looks = await lookAt(part, pass);
    for (const [index, suspect] of part.entries()) {
      const isThere = looks[index]?.held.kind !== 'absent';
      if (!isThere || suspect.check.comparer === undefined) continue;
      state.tally.compared += 1;
      tallyOf(state.tally, tableText(suspect.check.table)).compared += 1;
    }
    await confirmations.add(
      part.filter((suspect, index) => {
        const look = looks[index];
        return look !== undefined && judge(suspect, look) !== undefined;
      }),
    );
    tell({ phase: 'recent' });
  }
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
  const { state, scanned, cache, brake, chunk, confirmations, likenessOf, keeper, nowMs, tell, signal } =
    pass;
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
    await confirmations.add(suspects);
    state.place = { phase: 'rows', table: name, ...(next === undefined ? {} : { after: next }) };
    tell({ phase: 'rows', table: name });
    await keeper.saveSometimes();
    signal.throwIfAborted();
    sinceMs = nowMs();
  }
}

/** Cache to database: every key of every node. */
export async function passKeys(pass: RunPass): Promise<void> {
  const { state, cache, tell } = pass;
  const nodes = [...(await cache.nodes())].sort((one, other) => (one.id < other.id ? -1 : 1));
  const counts = await Promise.all(nodes.map((node) => node.keyCount()));
  tell({ phase: 'keys', keysTotal: counts.reduce((sum, keys) => sum + keys, 0) });
  for (const node of nodes) {
    if (state.place.phase === 'keys' && !state.place.done.includes(node.id)) await passNode(node, pass);
  }
  state.place = { phase: 'end' };
}

/** A node that keeps changing while it is scanned is given up for this run. */
const SCANS_MAX = 3;

/**
 * A scan counts only if the node is the same at its end: a cursor means nothing to a server that was restarted, or
 * that got other slots. One that only was away for a while goes on where it was.
 */
async function passNode(node: CacheNode, pass: RunPass): Promise<void> {
  const { state, cache, signal } = pass;
  let current = node;
  for (let scans = 1; scans <= SCANS_MAX; scans += 1) {
    const { place } = state;
    const from = place.phase === 'keys' && place.node === current.id ? place.cursor : '0';
    const isWhole = await scanWhole(current, from, pass);
    signal.throwIfAborted();
    const now = await cache.nodes();
    const same = now.find(({ id }) => id === current.id);
    const done = state.place.phase === 'keys' ? state.place.done : [];
    if (same !== undefined && isWhole) {
      state.place = { phase: 'keys', done: [...done, current.id], node: '', cursor: '0' };
      return;
    }
    const next = same ?? now.find(({ id }) => !done.includes(id));
    if (next === undefined) return;
    current = next;
  }
  state.skipped.push({
    what: 'some keys',
    why: 'a Redis server changed again and again while it was scanned',
  });
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
    found({ table }: TemplateCheck) {
      tallyOf(state.tally, tableText(table)).keys += 1;
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
