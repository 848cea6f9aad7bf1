export interface Backoff {
  /** Delay before the second attempt; doubles from there. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** 0..1: what share of the delay is left to chance, so that jobs that failed together spread out. */
  readonly jitter: number;
}

/**
 * How long to wait after the attempt with this number (from 1): between `1 - jitter` and 1 times the doubled delay,
 * never beyond the cap. `random` gives 0 <= x < 1.
 */
export function backoffDelayMs(attempt: number, backoff: Backoff, random: () => number): number {
  const { backoffMs, maxBackoffMs, jitter } = backoff;
  const fullMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.max(0, attempt - 1));
  return Math.round(fullMs * (1 - jitter * random()));
}
