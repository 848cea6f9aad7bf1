/**
 * A Kafka producer in a thread of its own, since decoding a binlog and encoding for Kafka each take most of a core.
 * In: packed batches, one at a time. Out: their acknowledgement.
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

/** From the thread: it is connected, or the batch in hand is acknowledged; or what went wrong instead. */
export type ProducerAnswer =
  { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** To the thread: a batch to send, or the word to disconnect and end. */
export type ProducerOrder = { readonly batch: PackedBatch } | { readonly batch?: undefined };

export interface ProducerThread {
  /** One at a time. Resolves when all in-sync replicas have it; the batch's bytes are gone from here. */
  send(batch: PackedBatch): Promise<void>;
  close(): Promise<void>;
}

const CLOSE_MAX_MS = 5_000;

/** @throws UnstaleError KAFKA_UNREACHABLE */
export async function startProducerThread(options: ProducerThreadOptions): Promise<ProducerThread> {
  const worker = new Worker(new URL('./producer-worker.js', import.meta.url), { workerData: options });
  let waiting: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const answered = (): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject };
    });
  worker.on('message', (answer: ProducerAnswer) => {
    if (answer.ok) waiting?.resolve();
    else waiting?.reject(new UnstaleError(answer.code, answer.message));
  });
  worker.on('error', (error: unknown) => {
    waiting?.reject(
      new UnstaleError('BUG', `The producer's thread ended: ${messageOf(error)}.`, { cause: error }),
    );
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });
  try {
    await answered();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    send(batch) {
      const order: ProducerOrder = { batch };
      worker.postMessage(order, [batch.bytes.buffer, batch.layout.buffer]);
      return answered();
    },
    async close() {
      const timer = setTimeout(() => void worker.terminate(), CLOSE_MAX_MS);
      const order: ProducerOrder = {};
      worker.postMessage(order);
      await exited;
      clearTimeout(timer);
    },
  };
}
