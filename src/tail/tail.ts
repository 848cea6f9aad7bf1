/**
 * In: MySQL's binlog. Out: row changes, to the outlet; checkpoints.
 * Guarantees: one tail of a name leads; a session begins at an explicit position that is checkpointed before its first
 * event is read; the first error ends it, and the next begins again from the checkpoint, without limit, so that what
 * was read but not acknowledged is read again (guarantee 1).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeOrigin, RowChange, TableName } from '../domain/change.js';
import type { Checkpoint } from '../domain/checkpoint.js';
import { type CommitMark, type Position, describePosition } from '../domain/position.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { StageHealth } from '../ops/health.js';
import type { Logger } from '../ops/logger.js';
import type { BinlogOptions, BinlogStream } from './binlog.js';
import { type TailTables, createChangeReader } from './change-reader.js';
import type { Leadership } from './leader.js';
import { type ExecutedGtids, type Progress, createProgress } from './progress.js';
import { type ServerFacts, checkServer } from './server-check.js';
import { type PositionRelation, currentPosition, decideStart } from './start-position.js';

/** Takes changes and marks in order, and hands marks back once everything before them is acknowledged. */
export interface Outlet {
  publish(changes: readonly RowChange[], origin: ChangeOrigin): void;
  commit(mark: CommitMark): void;
  /** Whether all that was published is acknowledged. */
  idle(): boolean;
  /** Resolves when it is, or when sending failed. */
  drained(): Promise<void>;
}

export interface OutletHooks {
  readonly serverId: number;
  /** @throws UnstaleError LEADER_LOST; called before each send */
  readonly demandLeadership: () => void;
  readonly advance: (mark: CommitMark) => void;
  readonly onFailure: (error: unknown) => void;
  readonly onPressure: (high: boolean) => void;
}

/** What is found when a session is prepared. */
export interface Source {
  readonly facts: ServerFacts;
  /** Of the mapped tables; the mapping has been checked against them. */
  readonly tables: TailTables;
  readonly relation: PositionRelation | undefined;
}

export interface TailEffects {
  becomeLeader(signal: AbortSignal, onStandby: () => void): Promise<Leadership>;
  /** The newest checkpoint, and whether the topic or a group shows that this is no first start. */
  readCheckpoint(): Promise<{ checkpoint: Checkpoint | undefined; hasHistory: boolean }>;
  /** Resolves when Kafka has acknowledged it. */
  writeCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Asks the server, and checks the mapping against its tables. */
  inspect(stored: Position | undefined): Promise<Source>;
  openOutlet(hooks: OutletHooks): Promise<Outlet>;
  openBinlog(options: Pick<BinlogOptions, 'start' | 'wanted' | 'onEvent' | 'onEnd' | 'onReading'>): BinlogStream;
  parseGtids(text: string): ExecutedGtids;
}

export interface TailObserver {
  changes(table: TableName, rows: number): void;
  transaction(): void;
  session(): void;
  leading(leads: boolean): void;
  checkpointed(atMs: number): void;
}

export interface TailOptions {
  readonly effects: TailEffects;
  readonly health: StageHealth;
  readonly log: Logger;
  readonly observe: TailObserver;
  readonly resetPosition: boolean;
  /** The tail cannot go on in this process. */
  readonly onFailure: (error: UnstaleError) => void;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

export interface Tail {
  /** The published position of the running session; undefined while there is none. */
  progress(): Progress | undefined;
  /** Stops reading, waits for acknowledgements, writes the last checkpoint. */
  stop(): Promise<void>;
}

const BACKOFF_MS = { first: 200, max: 10_000 };
const CHECKPOINT_EVERY_MS = 1_000;
const DRAIN_MAX_MS = 10_000;

export function startTail(options: TailOptions): Tail {
  const stopping = new AbortController();
  const state: TailState = { progress: undefined, reset: options.resetPosition };
  const running = runSessions(options, state, stopping.signal);
  return {
    progress: () => state.progress,
    stop() {
      stopping.abort();
      return running;
    },
  };
}

interface TailState {
  progress: Progress | undefined;
  /** The operator's word that the old position may be given up: good for one session. */
  reset: boolean;
}

async function runSessions(options: TailOptions, state: TailState, signal: AbortSignal): Promise<void> {
  const { log, health, onFailure } = options;
  let failures = 0;
  let undecodableAt: string | undefined;
  while (!signal.aborted) {
    try {
      await runSession(options, state, signal, () => {
        failures = 0;
      });
    } catch (thrown) {
      if (signal.aborted) break;
      const error = thrown instanceof UnstaleError ? thrown : new UnstaleError('BUG', messageOf(thrown), { cause: thrown });
      const place = state.progress === undefined ? '' : describePosition(state.progress.position());
      const isFirstTry = error.code === 'BINLOG_UNDECODABLE' && undecodableAt !== place;
      if (error.fate === 'halt' && !isFirstTry) {
        health.failed(error.message);
        onFailure(error);
        return;
      }
      undecodableAt = place;
      const delayMs = Math.min(BACKOFF_MS.first * 2 ** failures, BACKOFF_MS.max);
      failures += 1;
      health.waiting(error.message);
      log.warn({ err: error, retryInMs: delayMs }, 'the tail session ended, and begins again from the checkpoint');
      await sleep(delayMs, undefined, { signal }).catch(() => undefined); // woken by stop
    }
  }
}

async function runSession(
  options: TailOptions,
  state: TailState,
  signal: AbortSignal,
  onReading: () => void,
): Promise<void> {
  const { effects, health, log, observe } = options;
  const leadership = await effects.becomeLeader(signal, () => {
    health.ready('stands by: another tail leads');
  });
  observe.leading(true);
  try {
    const { checkpoint, source } = await prepareSession(effects, state);
    observe.session();
    await readBinlog(options, state, signal, leadership, { checkpoint, source }, () => {
      onReading();
      health.ready();
      log.info({ position: describePosition(checkpoint.position), epoch: checkpoint.epoch }, 'reading the binlog');
    });
  } finally {
    observe.leading(false);
    await leadership.release();
  }
}

interface PreparedSession {
  readonly checkpoint: Checkpoint;
  readonly source: Source;
}

/** Everything that may refuse, and the first checkpoint, before a single event is read. */
async function prepareSession(effects: TailEffects, state: TailState): Promise<PreparedSession> {
  const { checkpoint: stored, hasHistory } = await effects.readCheckpoint();
  const source = await effects.inspect(stored?.position);
  const problems = checkServer(source.facts);
  if (problems.length > 0) throw new UnstaleError('MYSQL_SETTINGS', problems.join('\n'));
  const evidence = { checkpoint: stored, hasHistory, facts: source.facts, relation: source.relation };
  const position = decideStart({ ...evidence, reset: state.reset });
  const isNew = stored === undefined || state.reset;
  const checkpoint: Checkpoint = {
    position,
    epoch: (stored?.epoch ?? 0) + 1,
    currentAtMs: isNew ? Date.now() : stored.currentAtMs,
  };
  await effects.writeCheckpoint(checkpoint);
  state.reset = false;
  return { checkpoint, source };
}

async function readBinlog(
  { effects, observe, now }: TailOptions,
  state: TailState,
  signal: AbortSignal,
  leadership: Leadership,
  { checkpoint, source }: PreparedSession,
  onReading: () => void,
): Promise<void> {
  const { tables, facts } = source;
  const { promise: ended, resolve: endSession, reject: failSession } = promiseWithResolvers();
  const progress = createProgress(checkpoint.position, effects.parseGtids, checkpoint.currentAtMs);
  state.progress = progress;
  const writer = createCheckpointWriter(effects, progress, checkpoint.epoch, leadership, observe, now);
  const outlet = await effects.openOutlet({
    serverId: facts.serverId,
    demandLeadership: () => {
      leadership.demand();
    },
    advance: (mark) => {
      progress.advance(mark);
      observe.transaction();
    },
    onFailure: failSession,
    onPressure: (high) => {
      if (high) stream.pause();
      else stream.resume();
    },
  });
  const read = createChangeReader({
    tables,
    onChanges: (changes, origin) => {
      observe.changes(origin.table, changes.length);
      outlet.publish(changes, origin);
    },
    onCommit: (mark) => {
      outlet.commit(mark);
    },
    onIdle: () => {
      if (outlet.idle()) progress.caughtUp(now());
    },
  });
  leadership.demand();
  const stream = effects.openBinlog({
    start: checkpoint.position,
    wanted: (db, table) => tables.isMapped({ db, table }),
    onEvent: read,
    onReading,
    onEnd: (error) => {
      if (error === undefined) endSession();
      else failSession(error);
    },
  });
  const stopStream = (): void => {
    stream.stop();
  };
  signal.addEventListener('abort', stopStream, { once: true });
  const timer = setInterval(() => void writer.write().catch(failSession), CHECKPOINT_EVERY_MS);
  try {
    if (signal.aborted) stopStream();
    await ended;
    await Promise.race([outlet.drained(), sleep(DRAIN_MAX_MS, undefined, { ref: false })]);
    clearInterval(timer);
    await writer.write();
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', stopStream);
    stopStream();
  }
}

interface CheckpointWriter {
  /** Writes how far the session is, if that is new. */
  write(): Promise<void>;
}

function createCheckpointWriter(
  effects: TailEffects,
  progress: Progress,
  epoch: number,
  leadership: Leadership,
  observe: TailObserver,
  now: () => number,
): CheckpointWriter {
  let written = '';
  let writing: Promise<void> = Promise.resolve();
  const writeOnce = async (): Promise<void> => {
    const checkpoint = { position: progress.position(), currentAtMs: progress.currentAtMs, epoch };
    const text = JSON.stringify(checkpoint);
    if (text === written) return;
    leadership.demand();
    await effects.writeCheckpoint(checkpoint);
    written = text;
    observe.checkpointed(now());
  };
  return {
    write() {
      writing = writing.then(writeOnce); // one after another, so that an older one never lands behind a newer one
      return writing;
    },
  };
}

/** Promise.withResolvers, which Node 20 lacks. */
function promiseWithResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
