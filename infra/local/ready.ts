import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
const PROBE_INTERVAL_MS = 25;

export interface Wait {
  readonly signal: AbortSignal;
  /** Throws as long as the server does not do its work. */
  probe(): Promise<void>;
  /** How the server ended, once it has: no reason to wait any longer. */
  ended(): string | undefined;
}

/** @throws Error with a message that continues "MySQL ..." */
export async function waitUntilReady({ signal, probe, ended }: Wait): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    signal.throwIfAborted();
    const end = ended();
    if (end !== undefined) throw new Error(end);
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > deadlineMs) {
        throw new Error(`was not ready within ${READY_WITHIN_MS / 1_000} s: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
    await sleep(PROBE_INTERVAL_MS);
  }
}

/** A server did not start; the message has the end of its log. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';

  constructor(server: string, cause: unknown, log: { readonly end: string; readonly place: string }) {
    super(`${server} ${messageOf(cause)}. The end of its log (${log.place}):\n${log.end}`, { cause });
  }
}

const PORT_ATTEMPTS_MAX = 5;

/** Tries again as long as another process was faster to take a port that had been free. */
export async function retryLostPorts<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      const isLostRace = /address already in use|port is already allocated/i.test(messageOf(error));
      if (!isLostRace || attempt === PORT_ATTEMPTS_MAX || signal.aborted) throw error;
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
