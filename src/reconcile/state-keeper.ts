import type { Confirmations } from './confirmations.js';
import type { RunState } from './run-state.js';
import { type SuspectRecord, recordOf } from './suspect.js';

export interface StateKeeperOptions {
  readonly state: RunState;
  readonly confirmations: Pick<Confirmations, 'pending'>;
  readonly save: (state: RunState) => Promise<void>;
  readonly nowMs: () => number;
}

/** Makes a run's state durable, at most once a second; what is not concluded yet goes with it. */
export interface StateKeeper {
  saveSometimes(): Promise<void>;
  saveNow(): Promise<void>;
  /** What is not concluded yet. */
  pending(): SuspectRecord[];
}

const EVERY_MS = 1_000;
/** Confirming holds 10,000 and a page. Beyond this a run that is taken over forgets some; the next run finds them. */
const PENDING_MAX = 100_000;

export function createStateKeeper({ state, confirmations, save, nowMs }: StateKeeperOptions): StateKeeper {
  let savedAtMs = nowMs();
  const pending = (): SuspectRecord[] =>
    [...state.pending, ...confirmations.pending().map(recordOf)].slice(0, PENDING_MAX);
  const saveNow = async (): Promise<void> => {
    savedAtMs = nowMs();
    await save({ ...state, pending: pending() });
  };
  return {
    pending,
    saveNow,
    async saveSometimes() {
      if (nowMs() - savedAtMs >= EVERY_MS) await saveNow();
    },
  };
}
