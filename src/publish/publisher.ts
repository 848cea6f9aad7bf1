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
  const { partitions, send, onFailure, observe } = options;
  const window = createAckWindow(options.advance);
  const waiting = createWaiting(partitions);
  const pressure = createPressure(options.onPressure);
  let sending: Promise<void> | undefined;
  let closed = false;

  const checkPressure = (): void => {
    pressure.load(waiting.sizeBytes + window.openMarks * MARK_BYTES);
  };
  const sendAll = async (): Promise<void> => {
    await Promise.resolve(); // so that all events of the same network packet go along
    try {
      for (let batch = waiting.take(); batch !== undefined; batch = waiting.take()) {
        const startedAtMs = performance.now();
        await send(batch.pack());
        waiting.sent(batch);
        window.acknowledged(batch.count);
        checkPressure();
        const seconds = (performance.now() - startedAtMs) / 1_000;
        observe?.({ messages: batch.count, seconds, waitingBytes: waiting.sizeBytes });
      }
    } catch (error) {
      closed = true;
      onFailure(error);
    } finally {
      sending = undefined;
    }
  };
  return {
    append(key, value) {
      if (closed) return;
      waiting.append(key, value);
      window.pushed(1);
      checkPressure();
      sending ??= sendAll();
    },
    commit(mark) {
      window.committed(mark);
      checkPressure();
    },
    idle: () => sending === undefined,
    drained: () => sending ?? Promise.resolve(),
    close() {
      closed = true;
      waiting.drop();
      return sending ?? Promise.resolve();
    },
  };
}

/** Batches in the order of their messages; the last one is still being filled. */
interface Waiting {
  append(key: string, value: string): void;
  take(): MessageBatch | undefined;
  /** A batch that was taken needs no memory any more. */
  sent(batch: MessageBatch): void;
  drop(): void;
  /** Of what waits and of what is in flight. */
  readonly sizeBytes: number;
}

function createWaiting(partitions: number): Waiting {
  let batches: MessageBatch[] = [];
  let sizeBytes = 0;
  return {
    append(key, value) {
      const last = batches.at(-1);
      const before = last?.sizeBytes ?? 0;
      if (last?.append(key, value) === true) {
        sizeBytes += last.sizeBytes - before;
        return;
      }
      const next = createMessageBatch(partitions);
      next.append(key, value);
      sizeBytes += next.sizeBytes;
      batches.push(next);
    },
    take: () => batches.shift(),
    sent(batch) {
      sizeBytes -= batch.sizeBytes;
    },
    drop() {
      batches = [];
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}

/** Tells when too much waits and, later than that, when little does again: not at every message in between. */
function createPressure(tell: (high: boolean) => void): { load(bytes: number): void } {
  let high = false;
  return {
    load(bytes) {
      const now = bytes > (high ? WAITING_BYTES_MAX / 2 : WAITING_BYTES_MAX);
      if (now === high) return;
      high = now;
      tell(now);
    },
  };
}
