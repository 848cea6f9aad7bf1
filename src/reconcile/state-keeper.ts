import type { Confirmations } from './confirmations.js';
import type { RunState } from './run-state.js';
import { recordOf } from './suspect.js';

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
}

const EVERY_MS = 1_000;
/** Beyond this a run that is taken over forgets suspects; the next run finds them again. */
const PENDING_MAX = 10_000;

export function createStateKeeper({ state, confirmations, save, nowMs }: StateKeeperOptions): StateKeeper {
  let savedAtMs = nowMs();
  const saveNow = async (): Promise<void> => {
    savedAtMs = nowMs();
    const pending = confirmations.pending().slice(0, PENDING_MAX).map(recordOf);
    await save({ ...state, pending });
  };
  return {
    saveNow,
    async saveSometimes() {
      if (nowMs() - savedAtMs >= EVERY_MS) await saveNow();
    },
  };
}
