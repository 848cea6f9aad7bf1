import type { LatencyFigures } from '../probe/latencies.js';

export type Phase = 'without' | 'joining' | 'with' | 'ending';

/** All that the view shows. Rates are a second. */
export interface ViewState {
  readonly phase: Phase;
  /** Undefined where only Ctrl-C, or unstale, ends the phase. */
  readonly secondsLeft: number | undefined;
  readonly changes: number;
  readonly changesRate: number;
  readonly lookUpsRate: number;
  /** Of the look-ups since the start, 0 to 1. */
  readonly hitShare: number;
  readonly deleted: number;
  readonly deletedRate: number;
  /** Those of the deleted keys that the cache held. */
  readonly removed: number;
  readonly latency: LatencyFigures | undefined;
  readonly staleNow: number;
  readonly cached: number;
  /** One a second, the oldest first. */
  readonly history: readonly { readonly stale: number; readonly phase: Phase }[];
  readonly retries: number;
  readonly retriesWaiting: number;
  /** What happened, in order. */
  readonly notes: readonly Note[];
}

export interface Note {
  readonly atSeconds: number;
  readonly text: string;
}
