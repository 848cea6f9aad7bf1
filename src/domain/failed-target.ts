import type { Target } from './cache-key.js';

/** A target that could not be deleted, and why. It must reach the retry queue before its offset is committed. */
export interface FailedTarget {
  readonly target: Target;
  readonly error: string;
}
