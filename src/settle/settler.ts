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
 * Changes become due one by one, but a partition looks again only at its ticks, so that batches stay batches. Partitions
 * tick one after another, so that their work never comes all at once and keeps the first look waiting.
 */
const TICK_MS = 500;
/** No divisor of the tick, so that neighbours are apart. */
const PHASE_MS = 97;

/** Waits by handing back what is not due, never by holding it: nothing is lost by a restart. */
export function createSettler({ afterMs, now, handle }: SettlerOptions): BatchHandler {
  return async ({ partition, messages }) => {
    const nowMs = now();
    const due = countDue(messages, afterMs, nowMs);
    const next = messages[due];
    const nextInMs = next === undefined ? 0 : untilTick(dueAtMs(next, afterMs), nowMs, partition);
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

/** How long until the partition's first tick at which something is due; never 0, which would be at once. */
function untilTick(dueMs: number, nowMs: number, partition: number): number {
  const phaseMs = (partition * PHASE_MS) % TICK_MS;
  return Math.ceil((dueMs - phaseMs) / TICK_MS) * TICK_MS + phaseMs - nowMs;
}

const dueAtMs = ({ timestamp }: IncomingMessage, afterMs: number): number => Number(timestamp) + afterMs;
