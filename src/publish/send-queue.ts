import type { PackedBatch } from './message-batch.js';

/** Sends batches in their order, one send at a time (guarantee 3: what is tried again cannot be overtaken). */
export interface SendQueue {
  /**
   * Resolves when it is acknowledged. Batches of a session follow each other, so once one of them fails, all later ones
   * of that session are refused unsent.
   */
  push(session: number, batch: PackedBatch): Promise<void>;
}

interface Entry {
  readonly session: number;
  readonly batch: PackedBatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What one send takes at most, if it is more than one batch: within what a broker takes for a single partition. */
const TOGETHER_BYTES_MAX = 900_000;
const TOGETHER_MESSAGES_MAX = 2_000;
const NUMBERS_PER_MESSAGE = 3;

/** What is pushed during one send goes together in the next. */
export function createSendQueue(send: (batches: readonly PackedBatch[]) => Promise<void>): SendQueue {
  let queued: Entry[] = [];
  let sending = false;
  let failed: { readonly session: number; readonly error: unknown } | undefined;

  const sendAll = async (): Promise<void> => {
    sending = true;
    while (queued.length > 0) {
      const entries = queued.splice(0, countTogether(queued.map(({ batch }) => batch)));
      try {
        await send(entries.map(({ batch }) => batch));
        for (const { resolve } of entries) resolve();
      } catch (error) {
        const session = entries[0]?.session ?? 0;
        failed = { session, error };
        for (const { reject } of [...entries, ...queued.filter((entry) => entry.session === session)])
          reject(error);
        queued = queued.filter((entry) => entry.session !== session);
      }
    }
    sending = false;
  };
  return {
    push(session, batch) {
      if (failed?.session === session) return Promise.reject(asError(failed.error));
      return new Promise((resolve, reject) => {
        queued.push({ session, batch, resolve, reject });
        if (!sending) void sendAll();
      });
    },
  };
}

/** How many from the front make one send; at least one. */
export function countTogether(batches: readonly PackedBatch[]): number {
  let [bytes, messages] = [0, 0];
  const first = batches.findIndex((batch) => {
    bytes += batch.bytes.length;
    messages += batch.layout.length / NUMBERS_PER_MESSAGE;
    return bytes > TOGETHER_BYTES_MAX || messages > TOGETHER_MESSAGES_MAX;
  });
  return first === -1 ? batches.length : Math.max(first, 1);
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
