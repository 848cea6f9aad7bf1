export interface Rate {
  /** Tells how high a counter stands. */
  readonly observe: (total: number) => void;
  /** Per second over the last {@link windowMs}. */
  readonly perSecond: () => number;
}

/** Long enough for a calm figure, short enough to show a stop. */
const windowMs = 3000;

export function createRate(nowMs: () => number): Rate {
  const seen: { readonly atMs: number; readonly total: number }[] = [];
  const forget = (): void => {
    // The oldest one kept lies just before the window, so that the window is always covered.
    while (seen[1] !== undefined && seen[1].atMs <= nowMs() - windowMs) seen.shift();
  };
  return {
    observe(total) {
      seen.push({ atMs: nowMs(), total });
      forget();
    },
    perSecond() {
      forget();
      const first = seen[0];
      const last = seen.at(-1);
      if (first === undefined || last === undefined || first.atMs === last.atMs) return 0;
      return ((last.total - first.total) / (last.atMs - first.atMs)) * 1000;
    },
  };
}
