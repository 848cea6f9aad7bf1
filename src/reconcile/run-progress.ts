import type { Confirmations } from './confirmations.js';
import type { RunState } from './run-state.js';
import { totals } from './tally.js';

/** Where a run is, for people who wait for it. */
export interface RunProgress {
  readonly phase: 'rows' | 'keys' | 'recent' | 'confirming';
  /** The table that is read. */
  readonly table: string;
  readonly rows: number;
  /** By MySQL's statistics; may be far off. */
  readonly rowsTotal: number;
  readonly keys: number;
  readonly keysTotal: number;
  /** Differences that are being looked into. */
  readonly suspects: number;
  readonly drifted: number;
}

/** Told by the passes, as far as they know. */
export type ProgressTeller = (progress: Pick<RunProgress, 'phase'> & Partial<RunProgress>) => void;

/** Joins what the passes tell of themselves with what the state knows. */
export function createTeller(
  state: RunState,
  confirmations: Pick<Confirmations, 'pending'>,
  progress: (progress: RunProgress) => void,
): ProgressTeller {
  let known = { table: '', rowsTotal: 0, keysTotal: 0 };
  return (told) => {
    known = { ...known, ...told };
    const { tally } = state;
    const drifted = Object.values(totals(tally).drift).reduce((sum, count) => sum + count, 0);
    progress({
      ...known,
      phase: told.phase,
      rows: tally.rows,
      keys: tally.keys,
      suspects: confirmations.pending().length,
      drifted,
    });
  };
}
