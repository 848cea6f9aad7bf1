/**
 * In: MySQL's binlog. Out: row changes, to the outlet; checkpoints.
 * Guarantees: one tail of a name leads; the first error ends its session, and the next begins again from the
 * checkpoint, without limit, so that what was read but not acknowledged is read again (guarantee 1).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describePosition } from '../domain/position.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { StageHealth } from '../ops/health.js';
import type { Logger } from '../ops/logger.js';
import type { TailEffects, TailObserver } from './effects.js';
import type { Progress } from './progress.js';
import { runSession } from './session.js';

export interface TailOptions {
  readonly effects: TailEffects;
  readonly health: StageHealth;
  readonly log: Logger;
  readonly observe: TailObserver;
  /** The operator's word that the stored position may be given up. */
  readonly resetPosition: boolean;
  /** The tail cannot go on in this process. */
  readonly onFailure: (error: UnstaleError) => void;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

export interface Tail {
  /** Of the running session; undefined while there is none, as for a tail that stands by. */
  progress(): Progress | undefined;
  /** Stops reading, waits for acknowledgements, writes the last checkpoint. */
  stop(): Promise<void>;
}

const BACKOFF_FIRST_MS = 200;
const BACKOFF_MAX_MS = 10_000;

export function startTail(options: TailOptions): Tail {
  const stopping = new AbortController();
  const state: TailState = {
    progress: undefined,
    isReading: false,
    resetPosition: options.resetPosition,
    failures: 0,
  };
  const running = runSessions(options, state, stopping.signal);
  return {
    progress: () => (state.isReading ? state.progress : undefined),
    stop() {
      stopping.abort();
      return running;
    },
  };
}

interface TailState {
  /** Of the last session. */
  progress: Progress | undefined;
  isReading: boolean;
  resetPosition: boolean;
  /** Sessions that failed one after another without any progress. */
  failures: number;
}

async function runSessions(options: TailOptions, state: TailState, signal: AbortSignal): Promise<void> {
  const { log, health, onFailure } = options;
  const isStopping = (): boolean => signal.aborted;
  let undecodableAt: string | undefined;
  while (!isStopping()) {
    const error = await runToItsEnd(options, state, signal);
    if (error === undefined || isStopping()) {
      if (error !== undefined) log.warn({ err: error }, 'the tail stopped before all was acknowledged');
      return;
    }
    const place = state.progress && describePosition(state.progress.position());
    const isFirstTry = error.code === 'BINLOG_UNDECODABLE' && undecodableAt !== place;
    if (error.fate === 'halt' && !isFirstTry) {
      health.failed(error.code); // the whole text is in the log's last line
      onFailure(error);
      return;
    }
    undecodableAt = isFirstTry ? place : undefined;
    const retryInMs = Math.min(BACKOFF_FIRST_MS * 2 ** state.failures, BACKOFF_MAX_MS);
    state.failures += 1;
    health.waiting(error.message);
    log.warn({ err: error, retryInMs }, 'the tail session ended; the next begins from the checkpoint');
    await sleep(retryInMs, undefined, { signal }).catch(() => undefined); // woken by stop
  }
}

/** What ended the session; undefined after a stop. */
async function runToItsEnd(
  { effects, observe, health, log, now }: TailOptions,
  state: TailState,
  signal: AbortSignal,
): Promise<UnstaleError | undefined> {
  try {
    await runSession({
      effects,
      observe,
      signal,
      now,
      resetPosition: state.resetPosition,
      onStandby() {
        health.ready('stands by: another tail leads');
      },
      onPrepared(progress) {
        state.progress = progress;
        state.resetPosition = false;
        observe.session();
      },
      onReading({ position, epoch }) {
        state.isReading = true;
        if (state.failures === 0) health.ready();
        log.info({ position: describePosition(position), epoch }, 'reading the binlog');
      },
      onProgress() {
        if (state.failures > 0) health.ready();
        state.failures = 0;
      },
    });
    return undefined;
  } catch (error) {
    if (error instanceof UnstaleError) return error;
    return new UnstaleError('BUG', messageOf(error), { cause: error });
  } finally {
    state.isReading = false;
  }
}
