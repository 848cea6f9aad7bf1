/** The rate between the first sighting of some work done and its end, so that the time to start up does not count. */
export interface RateMeter {
  /** `done` is how much is done in all by then. */
  readonly seen: (done: number, atMs: number) => void;
  readonly done: () => number;
  /** Since when something was seen done. */
  readonly firstSeenMs: () => number | undefined;
  /** Things a second; what was there at the first sighting counts neither as done nor as time. */
  readonly perSecond: () => number;
}

export function createRateMeter(): RateMeter {
  let first: { readonly done: number; readonly atMs: number } | undefined;
  let last: { readonly done: number; readonly atMs: number } | undefined;
  return {
    seen(done, atMs) {
      if (done === 0 || done === last?.done) return;
      first ??= { done, atMs };
      last = { done, atMs };
    },
    done: () => last?.done ?? 0,
    firstSeenMs: () => first?.atMs,
    perSecond() {
      if (first === undefined || last === undefined || last.atMs <= first.atMs)
        throw new Error(
          'All the work was done at its first sighting: too little to tell a rate. Use more rows.',
        );
      return ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
    },
  };
}
