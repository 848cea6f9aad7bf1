/**
 * How each stage fares. In: what stages say of themselves, and a clock. Out: states, and the list of what is wrong.
 * Holds guarantee 10: a stage with work and without progress for 30 s is not ready, and is logged with its reason.
 */
import type { Logger } from './logger.js';

/** What a stage says of itself. */
export interface StageHealth {
  /** It has no work, or none that hangs. The note says what it does meanwhile ("stands by: another tail leads"). */
  ready(note?: string): void;
  /**
   * It has work that hangs on `reason`. The clock runs from the first of these calls after the last progress, so call
   * it before whatever may hang, too; later calls refine the reason.
   */
  waiting(reason: string): void;
  /** It got work done. */
  progress(): void;
  /** It cannot go on in this process. Final. */
  failed(reason: string): void;
}

export type StageState = 'starting' | 'ready' | 'waiting' | 'stalled' | 'failed';

export interface StageStatus {
  readonly stage: string;
  readonly state: StageState;
  readonly ready: boolean;
  readonly reason: string;
  /** How long it has been without progress; 0 while it is ready. */
  readonly forMs: number;
}

export interface Health {
  /** The stage of that name, made at the first call. Enabled are the stages that have been asked for. */
  stage(name: string): StageHealth;
  states(): readonly StageStatus[];
  /** Stages that are stalled or failed. */
  check(): readonly StageStatus[];
}

interface Entry {
  said: 'starting' | 'ready' | 'waiting' | 'failed';
  reason: string;
  sinceMs: number;
  wasReady: boolean;
}

const STALLED_AFTER_MS = 30_000;

export interface HealthOptions {
  /** Must never go backwards; not the wall clock. */
  readonly nowMs: () => number;
  readonly stalledAfterMs?: number;
}

export function createHealth({ nowMs, stalledAfterMs = STALLED_AFTER_MS }: HealthOptions): Health {
  const entries = new Map<string, Entry>();
  const states = (): StageStatus[] =>
    [...entries].map(([stage, entry]) => statusOf(stage, entry, nowMs(), stalledAfterMs));
  return {
    stage(name) {
      let entry = entries.get(name);
      if (entry === undefined) {
        entry = { said: 'starting', reason: 'starting', sinceMs: nowMs(), wasReady: false };
        entries.set(name, entry);
      }
      return createStage(entry, nowMs);
    },
    states,
    check: () => states().filter(({ state }) => state === 'stalled' || state === 'failed'),
  };
}

function createStage(entry: Entry, nowMs: () => number): StageHealth {
  const become = (said: Entry['said'], reason: string): void => {
    if (entry.said === 'failed') return;
    entry.said = said;
    entry.reason = reason;
    if (said === 'ready') entry.wasReady = true;
  };
  return {
    ready(note = '') {
      become('ready', note);
    },
    progress() {
      become('ready', '');
    },
    waiting(reason) {
      if (entry.said === 'ready') entry.sinceMs = nowMs();
      become('waiting', reason);
    },
    failed(reason) {
      if (entry.said === 'ready') entry.sinceMs = nowMs();
      become('failed', reason);
    },
  };
}

function statusOf(stage: string, entry: Entry, nowMs: number, stalledAfterMs: number): StageStatus {
  const { said, reason, wasReady } = entry;
  if (said === 'ready') return { stage, state: 'ready', ready: true, reason, forMs: 0 };
  const forMs = nowMs - entry.sinceMs;
  if (said === 'failed') return { stage, state: 'failed', ready: false, reason, forMs };
  if (forMs >= stalledAfterMs) return { stage, state: 'stalled', ready: false, reason, forMs };
  // A short wait of a stage that was ready is everyday life, and no cause to be taken out of service.
  return { stage, state: said, ready: said === 'waiting' && wasReady, reason, forMs };
}

export interface HealthWatchOptions {
  readonly health: Health;
  readonly log: Logger;
  readonly everyMs?: number;
  /** Called with each stage's readiness at each look; for the metric. */
  readonly observe?: (stage: string, ready: boolean) => void;
}

/** Logs each problem once when it comes, and once when it is over. */
export function startHealthWatch({ health, log, everyMs = 1_000, observe }: HealthWatchOptions): {
  stop(): void;
} {
  let known: ReadonlyMap<string, StageStatus> = new Map();
  const look = (): void => {
    const problems = new Map(health.check().map((problem) => [problem.stage, problem]));
    for (const [stage, { state, reason, forMs }] of problems) {
      if (known.get(stage)?.state === state) continue;
      const text = state === 'failed' ? 'the stage has failed' : 'the stage has work but makes no progress';
      log.error({ stage, reason, forMs: Math.round(forMs) }, text);
    }
    for (const stage of known.keys())
      if (!problems.has(stage)) log.info({ stage }, 'the stage makes progress again');
    known = problems;
    if (observe !== undefined) for (const { stage, ready } of health.states()) observe(stage, ready);
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref(); // it watches the process, and must not keep it alive
  return {
    stop() {
      clearInterval(timer);
    },
  };
}
