/**
 * One attempt at tailing: from the leader lock to the first error, or to a stop.
 * Guarantees: a position is explicit, and checkpointed before the first event is read; whatever goes wrong ends the
 * session, and nothing of it is sent any more when it has ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Checkpoint } from '../domain/checkpoint.js';
import { UnstaleError } from '../errors.js';
import type { BinlogStream } from './binlog.js';
import { createChangeReader } from './change-reader.js';
import { startCheckpointWriter } from './checkpoint-writer.js';
import type { Outlet, Source, TailEffects, TailObserver } from './effects.js';
import type { Leadership } from './leader.js';
import { type Progress, createProgress } from './progress.js';
import { checkServer } from './server-check.js';
import { decideStart } from './start-position.js';

export interface SessionOptions {
  readonly effects: TailEffects;
  readonly observe: TailObserver;
  readonly resetPosition: boolean;
  readonly onStandby: () => void;
  /** The first checkpoint is written: from here on a given-up position need not be given up again. */
  readonly onPrepared: (progress: Progress) => void;
  /** The server sends. */
  readonly onReading: (from: Checkpoint) => void;
  /** A transaction is published, or there is none to be published. */
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** How long a stop waits for acknowledgements; what has none then is read again at the next start. */
const DRAIN_MAX_MS = 10_000;

/** Resolves after a stop. @throws whatever ended the session */
export async function runSession(options: SessionOptions): Promise<void> {
  const { effects, observe, signal, onStandby } = options;
  const leadership = await effects.becomeLeader(signal, onStandby);
  observe.leading(true);
  try {
    await readBinlog(options, leadership, await prepare(options));
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
async function prepare({ effects, resetPosition, now }: SessionOptions): Promise<PreparedSession> {
  const { checkpoint: stored, hasHistory } = await effects.readCheckpoint();
  const source = await effects.inspect(stored?.position);
  const problems = checkServer(source.facts);
  if (problems.length > 0) throw new UnstaleError('MYSQL_SETTINGS', problems.join('\n'));
  const { facts, relation } = source;
  const position = decideStart({ checkpoint: stored, hasHistory, facts, relation, reset: resetPosition });
  const checkpoint: Checkpoint = {
    position,
    epoch: (stored?.epoch ?? 0) + 1,
    currentAtMs: position === stored?.position ? stored.currentAtMs : now(),
  };
  await effects.writeCheckpoint(checkpoint);
  return { checkpoint, source };
}

async function readBinlog(
  options: SessionOptions,
  leadership: Leadership,
  { checkpoint, source }: PreparedSession,
): Promise<void> {
  const { effects, observe, signal, onPrepared, onProgress } = options;
  const progress = createProgress(checkpoint.position, effects.parseGtids, checkpoint.currentAtMs);
  onPrepared(progress);
  const ending = createEnding();
  const demandLeadership = (): void => {
    leadership.demand();
  };
  const streams: BinlogStream[] = [];
  const outlet = effects.openOutlet({
    serverId: source.facts.serverId,
    demandLeadership,
    advance(mark) {
      progress.advance(mark);
      observe.transaction();
      onProgress();
    },
    onFailure: ending.fail,
    onPressure(high) {
      for (const stream of streams)
        if (high) stream.pause();
        else stream.resume();
    },
  });
  const writer = startCheckpointWriter({
    progress,
    epoch: checkpoint.epoch,
    demandLeadership,
    async write(written) {
      await effects.writeCheckpoint(written);
      observe.checkpointed(written);
    },
    onFailure: ending.fail,
  });
  try {
    demandLeadership();
    const stream = openStream(options, checkpoint, source, outlet, progress, ending);
    streams.push(stream);
    signal.addEventListener('abort', stream.stop, { once: true });
    if (signal.aborted) stream.stop();
    await ending.ended;
    await Promise.race([outlet.drained(), sleep(DRAIN_MAX_MS, undefined, { ref: false })]);
    await writer.write();
  } finally {
    writer.stop();
    for (const stream of streams) {
      signal.removeEventListener('abort', stream.stop);
      stream.stop();
    }
    await outlet.close(); // else its last send could overtake the next session's first
  }
}

function openStream(
  { effects, observe, now, onReading, onProgress }: SessionOptions,
  checkpoint: Checkpoint,
  { tables }: Source,
  outlet: Outlet,
  progress: Progress,
  ending: Ending,
): BinlogStream {
  const { read, columnsOf } = createChangeReader({
    tables,
    onChanges(changes, origin) {
      observe.changes(`${origin.table.db}.${origin.table.table}`, changes.length);
      outlet.publish(changes, origin);
    },
    onCommit(mark) {
      outlet.commit(mark);
    },
    onIdle(place) {
      if (!outlet.idle()) return;
      progress.caughtUp(now(), place);
      onProgress();
    },
  });
  return effects.openBinlog({
    start: checkpoint.position,
    wanted: (db, table) => tables.isMapped({ db, table }),
    columnsOf,
    onEvent: read,
    onReading() {
      onReading(checkpoint);
    },
    onEnd(error) {
      if (error === undefined) ending.stop();
      else ending.fail(error);
    },
  });
}

interface Ending {
  /** Resolves after `stop`, rejects after `fail`; the first of them counts. */
  readonly ended: Promise<void>;
  stop(): void;
  fail(error: unknown): void;
}

function createEnding(): Ending {
  let stop: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    stop = resolve;
    fail = reject;
  });
  ended.catch(() => undefined); // awaited later; until then a failure must not count as unhandled
  return {
    ended,
    stop() {
      stop();
    },
    fail(error) {
      fail(error);
    },
  };
}
