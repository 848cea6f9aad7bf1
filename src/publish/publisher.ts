/**
 * In: messages and commit marks of one tail session, in binlog order. Out: messages acknowledged by Kafka, and marks
 * behind which everything is. Holds guarantees 1 (by the acknowledgement window) and 3 (one send in flight at a time,
 * so that a send that is tried again cannot overtake).
 */
import type { CommitMark } from '../domain/position.js';
import { createAckWindow } from './ack-window.js';
import { type MessageBatch, type PackedBatch, createMessageBatch } from './message-batch.js';

export interface PublisherOptions {
  readonly partitions: number;
  /** Resolves when Kafka has acknowledged all of them on all in-sync replicas. Takes the bytes over. */
  readonly send: (batch: PackedBatch) => Promise<void>;
  /** Everything up to this mark is acknowledged. */
  readonly advance: (mark: CommitMark) => void;
  /** Called once: the session must end, and begin again from the checkpoint. */
  readonly onFailure: (error: unknown) => void;
  /** Told when too much waits, and when little does again. */
  readonly onPressure: (high: boolean) => void;
  readonly observe?: (sent: { messages: number; seconds: number; waitingBytes: number }) => void;
}

export interface Publisher {
  append(key: string, value: string): void;
  commit(mark: CommitMark): void;
  /** True when every message is acknowledged. */
  idle(): boolean;
  /** Resolves when every message is acknowledged, or sending failed. */
  drained(): Promise<void>;
  /** Drops what is not sent yet, and resolves when nothing is in flight. */
  close(): Promise<void>;
}

/** Above this much the binlog is not read; below half of it, it is again. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/** What a transaction that waits for acknowledgement costs in memory. */
const MARK_BYTES = 100;

/** Batches come by themselves: what arrives during one send is the next one. No timer holds a message back. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { partitions, send, onFailure, onPressure, observe } = options;
  const window = createAckWindow(options.advance);
  let waiting: MessageBatch[] = [];
  let waitingBytes = 0;
  let sending = false;
  let closed = false;
  let pressed = false;
  let whenDrained: (() => void)[] = [];

  const checkPressure = (): void => {
    const load = waitingBytes + window.openMarks * MARK_BYTES;
    const high = load > (pressed ? WAITING_BYTES_MAX / 2 : WAITING_BYTES_MAX);
    if (high === pressed) return;
    pressed = high;
    onPressure(high);
  };
  const sendAll = async (): Promise<void> => {
    try {
      for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
        const { count, sizeBytes } = batch;
        const startedAtMs = performance.now();
        await send(batch.pack());
        waitingBytes -= sizeBytes;
        window.acknowledged(count);
        checkPressure();
        observe?.({ messages: count, seconds: (performance.now() - startedAtMs) / 1000, waitingBytes });
      }
    } catch (error) {
      closed = true;
      onFailure(error);
    } finally {
      sending = false;
      for (const resolve of whenDrained) resolve();
      whenDrained = [];
    }
  };
  const appendToBatch = (key: string, value: string): void => {
    const open = waiting.at(-1);
    const before = open?.sizeBytes ?? 0;
    if (open?.append(key, value) === true) {
      waitingBytes += open.sizeBytes - before;
      return;
    }
    const next = createMessageBatch(partitions);
    next.append(key, value);
    waitingBytes += next.sizeBytes;
    waiting.push(next);
  };
  const drained = (): Promise<void> =>
    sending ? new Promise((resolve) => whenDrained.push(resolve)) : Promise.resolve();
  return {
    append(key, value) {
      if (closed) return;
      appendToBatch(key, value);
      window.pushed(1);
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
