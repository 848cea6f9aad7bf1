import { setTimeout as sleep } from 'node:timers/promises';
import { UnstaleError } from '../errors.js';

/** Waits for servers that are away, for a bounded time at a stretch. */
export interface Patience {
  /** Tries again while the error's fate is `retry`. @throws the last error, once that took too long */
  of<T>(attempt: () => Promise<T>): Promise<T>;
  /** How long was waited in all. */
  waitedMs(): number;
}

export interface PatienceOptions {
  readonly waitMaxMs: number;
  readonly signal: AbortSignal;
  /** Called before each wait. */
  readonly onWait: (error: UnstaleError) => void;
}

const PAUSE_MS = 500;

export function createPatience({ waitMaxMs, signal, onWait }: PatienceOptions): Patience {
  let waitedMs = 0;
  return {
    async of(attempt) {
      const startedAtMs = performance.now();
      for (;;) {
        try {
          return await attempt();
        } catch (error) {
          const isPassing = error instanceof UnstaleError && error.fate === 'retry';
          if (!isPassing || error.code === 'PIPELINE_BEHIND') throw error;
          if (performance.now() - startedAtMs > waitMaxMs) throw error;
          onWait(error);
          await sleep(PAUSE_MS, undefined, { signal });
          waitedMs += PAUSE_MS;
        }
      }
    },
    waitedMs: () => waitedMs,
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
