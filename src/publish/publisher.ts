/**
 * In: messages and commit marks of one tail session, in binlog order. Out: messages acknowledged by Kafka, and marks
 * behind which everything is. Holds guarantees 1 (by the acknowledgement window) and 3 (one send in flight at a time,
 * so that a send that is tried again cannot overtake).
 */
import type { CommitMark } from '../domain/position.js';
import { createAckWindow } from './ack-window.js';
import type { OutgoingMessage } from './encode.js';

export interface PublisherOptions {
  /** Resolves when Kafka has acknowledged all of them on all in-sync replicas. */
  readonly send: (messages: readonly OutgoingMessage[]) => Promise<void>;
  /** Everything up to this mark is acknowledged. */
  readonly advance: (mark: CommitMark) => void;
  /** Called once: the session must end, and begin again from the checkpoint. */
  readonly onFailure: (error: unknown) => void;
  /** Told when too much waits, and when little does again. */
  readonly onPressure: (high: boolean) => void;
  readonly observe?: (batch: { messages: number; seconds: number; waitingBytes: number }) => void;
}

export interface Publisher {
  publish(messages: readonly OutgoingMessage[]): void;
  commit(mark: CommitMark): void;
  /** True when every message is acknowledged. */
  idle(): boolean;
  /** Resolves when every message is acknowledged, or sending failed. */
  drained(): Promise<void>;
  /** Drops what is not sent yet, and resolves when nothing is in flight. */
  close(): Promise<void>;
}

/** Kafka refuses a batch above max.message.bytes, 1 MB by default, and one send makes one batch a partition. */
const PARTITION_BYTES_MAX = 900_000;
const SEND_MESSAGES_MAX = 4_000;
/** Above this much the binlog is not read; below half of it, it is again. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
/** What a record costs on the wire besides key and value, and a mark or message in memory. */
const OVERHEAD_BYTES = 100;

/** Batches come by themselves: what arrives during one send is the next one. No timer holds a message back. */
export function createPublisher({
  send,
  advance,
  onFailure,
  onPressure,
  observe,
}: PublisherOptions): Publisher {
  const window = createAckWindow(advance);
  let waiting: OutgoingMessage[] = [];
  let waitingBytes = 0;
  let sending = false;
  let closed = false;
  let pressed = false;
  let whenDrained: (() => void)[] = [];

  const checkPressure = (): void => {
    const load = waitingBytes + window.openMarks * OVERHEAD_BYTES;
    const high = pressed ? load > WAITING_BYTES_MAX / 2 : load > WAITING_BYTES_MAX;
    if (high === pressed) return;
    pressed = high;
    onPressure(high);
  };
  const settleDrained = (): void => {
    for (const resolve of whenDrained) resolve();
    whenDrained = [];
  };
  const sendAll = async (): Promise<void> => {
    try {
      while (waiting.length > 0) {
        const count = countThatFits(waiting);
        const batch = waiting.slice(0, count);
        waiting = waiting.slice(count);
        const startedAtMs = performance.now();
        await send(batch);
        waitingBytes -= sizeOf(batch);
        window.acknowledged(count);
        checkPressure();
        observe?.({ messages: count, seconds: (performance.now() - startedAtMs) / 1000, waitingBytes });
      }
    } catch (error) {
      closed = true;
      onFailure(error);
    } finally {
      sending = false;
      settleDrained();
    }
  };
  const drained = (): Promise<void> =>
    sending ? new Promise((resolve) => whenDrained.push(resolve)) : Promise.resolve();
  return {
    publish(messages) {
      if (closed) return;
      for (const message of messages) waiting.push(message);
      waitingBytes += sizeOf(messages);
      window.pushed(messages.length);
      checkPressure();
      if (sending) return;
      sending = true;
      queueMicrotask(() => void sendAll()); // so that all events of the same network packet go along
    },
    commit(mark) {
      window.committed(mark);
      checkPressure();
    },
    idle: () => !sending,
    drained,
    close() {
      closed = true;
      waiting = [];
      return drained();
    },
  };
}

function sizeOf(messages: readonly OutgoingMessage[]): number {
  let bytes = 0;
  for (const { key, value } of messages) bytes += key.length + value.length + OVERHEAD_BYTES;
  return bytes;
}

/** How many messages from the front go into one send; at least one, however large it is. */
export function countThatFits(messages: readonly OutgoingMessage[]): number {
  const bytes = new Map<number, number>();
  const limit = Math.min(messages.length, SEND_MESSAGES_MAX);
  for (const [index, { key, value, partition }] of messages.slice(0, limit).entries()) {
    const total = (bytes.get(partition) ?? 0) + key.length + value.length + OVERHEAD_BYTES;
    if (index > 0 && total > PARTITION_BYTES_MAX) return index;
    bytes.set(partition, total);
  }
  return limit;
}
