import type { Confirmation } from './confirm.js';
import type { Suspect } from './suspect.js';

export interface ConfirmationsOptions {
  readonly confirm: (suspects: readonly Suspect[]) => Promise<Confirmation>;
  /** What to do with what was found; the next suspects wait for it. */
  readonly conclude: (confirmation: Confirmation) => Promise<void>;
  /** Either of them failed: nothing is confirmed any more. */
  readonly onFailure: (error: unknown) => void;
}

/** Confirms suspects beside the scan that finds them, since each takes seconds. */
export interface Confirmations {
  /** Resolves when there is room for more. */
  add(suspects: readonly Suspect[]): Promise<void>;
  /** Not concluded yet. */
  pending(): readonly Suspect[];
  /** Resolves when all are concluded. @throws what confirming threw */
  drain(): Promise<void>;
}

const BATCH_MAX = 5_000;
/** At this many the scan waits, so that memory is bounded. */
const PENDING_MAX = 10_000;

export function createConfirmations({ confirm, conclude, onFailure }: ConfirmationsOptions): Confirmations {
  let waiting: Suspect[] = [];
  let inHand: readonly Suspect[] = [];
  let working: Promise<void> = Promise.resolve();
  let isWorking = false;
  let hasFailed = false;

  const workOff = async (): Promise<void> => {
    isWorking = true;
    try {
      while (waiting.length > 0) {
        inHand = waiting.slice(0, BATCH_MAX);
        waiting = waiting.slice(BATCH_MAX);
        await conclude(await confirm(inHand));
        inHand = [];
      }
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      isWorking = false;
    }
  };
  return {
    async add(suspects) {
      waiting = waiting.concat(suspects); // a page may hold more than a call takes arguments
      if (!isWorking && !hasFailed && waiting.length > 0) {
        working = workOff();
        working.catch(onFailure);
      }
      while (isWorking && waiting.length + inHand.length > PENDING_MAX) await nextTurn();
    },
    pending: () => [...inHand, ...waiting],
    drain: () => working,
  };
}

/** How often the scan looks whether there is room again. */
const LOOK_EVERY_MS = 50;
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, LOOK_EVERY_MS);
  });
