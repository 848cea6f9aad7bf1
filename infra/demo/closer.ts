export interface Closer {
  /** What to release at the end, in reverse order. */
  readonly add: (release: () => unknown) => void;
  /** Releases all, even if some of it fails; then throws the first failure. */
  readonly close: () => Promise<void>;
}

export function createCloser(): Closer {
  const releases: (() => unknown)[] = [];
  return {
    add(release) {
      releases.push(release);
    },
    async close() {
      const failures: unknown[] = [];
      for (let release = releases.pop(); release !== undefined; release = releases.pop()) {
        try {
          await release();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
