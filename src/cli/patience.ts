import { setTimeout as sleep } from 'node:timers/promises';
import { UnstaleError } from '../errors.js';

/** Waits for servers that are away, for a bounded time at a stretch. */
export interface Patience {
  /** Tries again while the error's fate is `retry`. @throws the last error, once that took too long */
  of<T>(attempt: () => Promise<T>): Promise<T>;
  /** How long there was something to wait for, in all. */
  waitedMs(): number;
}

export interface PatienceOptions {
  readonly waitMaxMs: number;
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onWait: (error: UnstaleError) => void;
  /** Called when nothing is waited for any more. */
  readonly onOver: () => void;
}

const PAUSE_MS = 500;

export function createPatience({ waitMaxMs, signal, onWait, onOver }: PatienceOptions): Patience {
  const clock = createSharedClock(onOver);
  return {
    async of(attempt) {
      let failsSinceMs: number | undefined; // an attempt may itself take long, and is no wait
      try {
        for (;;) {
          try {
            return await attempt();
          } catch (error) {
            const isPassing = error instanceof UnstaleError && error.fate === 'retry';
            if (!isPassing || error.code === 'PIPELINE_BEHIND') throw error;
            if (failsSinceMs === undefined) clock.begin();
            failsSinceMs ??= performance.now();
            if (performance.now() - failsSinceMs > waitMaxMs) throw error;
            onWait(error);
            await sleep(PAUSE_MS, undefined, { signal });
          }
        }
      } finally {
        if (failsSinceMs !== undefined) clock.end();
      }
    },
    waitedMs: clock.elapsedMs,
  };
}

/** Of waits at the same time each moment counts once. */
function createSharedClock(onStop: () => void) {
  let running = 0;
  let sinceMs = 0;
  let pastMs = 0;
  return {
    begin() {
      if (running === 0) sinceMs = performance.now();
      running += 1;
    },
    end() {
      running -= 1;
      if (running > 0) return;
      pastMs += performance.now() - sinceMs;
      onStop();
    },
    elapsedMs: () => Math.round(pastMs + (running > 0 ? performance.now() - sinceMs : 0)),
  };
}

/** The same functions, each of them patient. */
export function patient<T extends object>(effects: T, patience: Patience): T {
  return new Proxy(effects, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => patience.of(() => value.apply(target, args) as Promise<unknown>);
    },
  });
}
