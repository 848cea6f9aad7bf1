import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, for the error. */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Waits for a condition; resolves to what it found. @throws when it does not come true in time */
export async function until<T>(
  find: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = 30_000, everyMs = 20 }: UntilOptions,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < deadlineMs) {
    try {
      const found = await find();
      if (found !== undefined && found !== false) return found;
      lastError = undefined;
    } catch (error) {
      lastError = error; // servers that are just being restarted refuse for a while
    }
    await sleep(everyMs);
  }
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
}
