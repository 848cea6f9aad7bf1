/**
 * A Kafka producer in a thread of its own, since decoding a binlog and encoding for Kafka each take most of a core.
 * In: packed batches, in order. Out: their acknowledgements, in the same order.
 */
import { Worker } from 'node:worker_threads';
import { type ErrorCode, UnstaleError, messageOf } from '../errors.js';
import type { LogLevel } from '../ops/logger.js';
import type { PackedBatch } from '../publish/message-batch.js';
import type { KafkaOptions } from './kafka.js';

/** What the thread is told at its start. */
export interface ProducerThreadOptions extends Omit<KafkaOptions, 'log'> {
  readonly topic: string;
  readonly logLevel: LogLevel;
}

/** To the thread: a batch to send, or the word to disconnect and end. */
export type ProducerOrder =
  | { readonly kind: 'send'; readonly id: number; readonly session: number; readonly batch: PackedBatch }
  | { readonly kind: 'close' };

/** From the thread: the order with this id (0: connecting) is done, or what went wrong instead. */
export interface ProducerAnswer {
  readonly id: number;
  readonly failure?: { readonly code: ErrorCode; readonly message: string };
}

export interface ProducerThread {
  /** For one tail session: its batches follow each other, and after a failure none of them is sent any more. */
  openSession(): (batch: PackedBatch) => Promise<void>;
  close(): Promise<void>;
}

const CLOSE_MAX_MS = 5_000;
const CONNECTING = 0;
/** Encoding makes much short-lived garbage; more room for it means fewer and cheaper collections. */
const YOUNG_GENERATION_MB = 32;

/** @throws UnstaleError KAFKA_UNREACHABLE */
export async function startProducerThread(options: ProducerThreadOptions): Promise<ProducerThread> {
  const worker = new Worker(new URL('./producer-worker.js', import.meta.url), {
    workerData: options,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  const orders = createOrders(worker);
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
  try {
    await orders.answered(CONNECTING);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  let [lastId, lastSession] = [CONNECTING, 0];
  return {
    openSession() {
      const session = ++lastSession;
      return (batch) => {
        const id = ++lastId;
        const order: ProducerOrder = { kind: 'send', id, session, batch };
        worker.postMessage(order, [batch.bytes.buffer, batch.layout.buffer]);
        return orders.answered(id);
      };
    },
    async close() {
      const timer = setTimeout(() => void worker.terminate(), CLOSE_MAX_MS);
      const order: ProducerOrder = { kind: 'close' };
      worker.postMessage(order);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Which orders wait for their answers; all of them fail when the thread ends. */
function createOrders(worker: Worker): { answered(id: number): Promise<void> } {
  const waiting = new Map<number, { resolve: () => void; reject: (error: unknown) => void }>();
  worker.on('message', ({ id, failure }: ProducerAnswer) => {
    const order = waiting.get(id);
    waiting.delete(id);
    if (failure === undefined) order?.resolve();
    else order?.reject(new UnstaleError(failure.code, failure.message));
  });
  worker.on('error', (error: unknown) => {
    const message = `The producer's thread ended: ${messageOf(error)}.`;
    for (const { reject } of waiting.values()) reject(new UnstaleError('BUG', message, { cause: error }));
    waiting.clear();
  });
  return {
    answered: (id) =>
      new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
      }),
  };
}
