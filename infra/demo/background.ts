export interface Background {
  /** Watches a task that runs beside the demo's course. */
  readonly watch: (task: Promise<unknown>) => void;
  /** Aborts as soon as a watched task fails: what waits in the foreground should not outlast it. */
  readonly failed: AbortSignal;
  /** Resolves with the foreground's work; rejects as soon as a watched task fails. */
  readonly meanwhile: <Result>(work: Promise<Result>) => Promise<Result>;
}

export function createBackground(): Background {
  const failed = new AbortController();
  const failure = new Promise<never>((_, reject) => {
    failed.signal.addEventListener('abort', () => {
      reject(failed.signal.reason as Error);
    });
  });
  failure.catch(() => undefined); // it may come while nobody waits; the next wait throws it
  return {
    watch(task) {
      task.catch((error: unknown) => {
        failed.abort(error);
      });
    },
    failed: failed.signal,
    meanwhile: (work) => Promise.race([work, failure]),
  };
}

/** Does a task over and over until the signal, with a rest after each time. */
export async function repeat(signal: AbortSignal, restMs: number, task: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await task();
    await rest(restMs, signal);
  }
}

/** Waits for the time to pass, or for the signal if that comes first. Without a time: for the signal alone. */
export function rest(restMs: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = restMs === undefined ? undefined : setTimeout(end, restMs);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
