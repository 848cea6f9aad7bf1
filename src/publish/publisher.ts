/**
 * In: messages and commit marks of one tail session, in binlog order. Out: batches, in that order, to a sender that
 * keeps it; and marks behind which everything is acknowledged. Holds guarantee 1, by the acknowledgement window.
 */
import type { CommitMark } from '../domain/position.js';
import { createAckWindow } from './ack-window.js';
import type { MessageBatch, PackedBatch } from './message-batch.js';
import { type Waiting, createWaiting } from './waiting.js';

export interface PublisherOptions {
  readonly partitions: number;
  /**
   * Resolves when Kafka has acknowledged all of them on all in-sync replicas, in the order of the calls; once one call
   * has failed, all later ones fail. Takes the bytes over.
   */
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
/** So many batches are handed over ahead, so that the sender need not wait for a busy decoder between two sends. */
const AHEAD_MAX = 4;
/** What a transaction that waits for acknowledgement costs in memory. */
const MARK_BYTES = 100;

/** Batches come by themselves: what arrives during one send is the next one. No timer holds a message back. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { onFailure, observe } = options;
  const window = createAckWindow(options.advance);
  const waiting = createWaiting(options.partitions);
  const pressure = createPressure(options.onPressure);
  let closed = false;

  const checkPressure = (): void => {
    pressure.load(waiting.sizeBytes + window.openMarks * MARK_BYTES);
  };
  const close = (): void => {
    closed = true;
    waiting.drop();
  };
  const send = async (batch: MessageBatch): Promise<void> => {
    const startedAtMs = performance.now();
    try {
      await options.send(batch.pack());
    } catch (error) {
      if (!closed) onFailure(error);
      close();
      return;
    }
    waiting.sent(batch);
    window.acknowledged(batch.count);
    checkPressure();
    const seconds = (performance.now() - startedAtMs) / 1_000;
    observe?.({ messages: batch.count, seconds, waitingBytes: waiting.sizeBytes });
  };
  const pump = createPump(waiting, send);
  return {
    append(key, value) {
      if (closed) return;
      const isFull = waiting.append(key, value);
      window.pushed(1);
      checkPressure();
      pump.run(isFull);
    },
    commit(mark) {
      window.committed(mark);
      checkPressure();
    },
    idle: pump.isIdle,
    drained: pump.untilIdle,
    close() {
      close();
      return pump.untilIdle();
    },
  };
}

/** Moves batches from where they wait to where they are sent. */
interface Pump {
  /** There is something new, which has made a batch full or not. */
  run(isFull: boolean): void;
  isIdle(): boolean;
  untilIdle(): Promise<void>;
}

/** @param send never rejects */
function createPump(waiting: Waiting, send: (batch: MessageBatch) => Promise<void>): Pump {
  let inFlight = 0;
  let scheduled = false;
  let whenIdle: (() => void)[] = [];

  const isIdle = (): boolean => inFlight === 0 && !scheduled;
  /** A batch that is still being filled goes only when nothing else is on its way. */
  const nextBatch = (): MessageBatch | undefined => {
    if (inFlight === 0) return waiting.take();
    return inFlight < AHEAD_MAX ? waiting.takeFull() : undefined;
  };
  const sendMore = (): void => {
    for (let batch = nextBatch(); batch !== undefined; batch = nextBatch()) {
      inFlight += 1;
      void send(batch).then(() => {
        inFlight -= 1;
        sendMore();
      });
    }
    if (!isIdle()) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };
  return {
    run(isFull) {
      if (isFull && inFlight > 0) sendMore();
      if (!isIdle()) return;
      scheduled = true;
      // So that all events of the same network packet go along.
      queueMicrotask(() => {
        scheduled = false;
        sendMore();
      });
    },
    isIdle,
    untilIdle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
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
