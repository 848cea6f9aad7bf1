/**
 * The second look. In: the same messages as the consumer's, in a group of its own. Out: the same keys deleted again,
 * once readers that had read the old row before its change have had `afterMs` to put it into the cache.
 * Holds guarantee 7 for readers that fill within that time.
 */
import type { BatchHandler, IncomingMessage } from '../domain/batch.js';

export interface SettlerOptions {
  /** How long after its change a key is deleted again. */
  readonly afterMs: number;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
  /** Deletes, as the first look does. */
  readonly handle: BatchHandler;
}

/**
 * Changes become due one by one, but partitions look again only at these ticks, and all at the same ones: so that
 * batches stay batches, and one fetch serves all partitions.
 */
const TICK_MS = 250;

/** Waits by handing back what is not due, never by holding it: nothing is lost by a restart. */
export function createSettler({ afterMs, now, handle }: SettlerOptions): BatchHandler {
  return async ({ partition, messages }) => {
    const nowMs = now();
    const due = countDue(messages, afterMs, nowMs);
    const next = messages[due];
    const nextInMs = next === undefined ? 0 : untilTick(dueAtMs(next, afterMs), nowMs);
    if (due === 0) return { handled: 0, retryInMs: nextInMs };
    const outcome = await handle({ partition, messages: messages.slice(0, due) });
    return outcome.handled < due ? outcome : { handled: due, retryInMs: nextInMs };
  };
}

/** How many messages from the front are due. The first that is not holds back all behind it: order is kept. */
export function countDue(messages: readonly IncomingMessage[], afterMs: number, nowMs: number): number {
  const first = messages.findIndex((message) => dueAtMs(message, afterMs) > nowMs);
  return first === -1 ? messages.length : first;
}

/** How long until the first tick at which something is due; never 0, which would be at once. */
const untilTick = (dueMs: number, nowMs: number): number => Math.ceil(dueMs / TICK_MS) * TICK_MS - nowMs;

const dueAtMs = ({ timestamp }: IncomingMessage, afterMs: number): number => Number(timestamp) + afterMs;
