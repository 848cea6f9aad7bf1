/**
 * The durable retry queue: BullMQ on a Redis of its own. This file and `queue-worker.ts` alone know BullMQ.
 */
import type { Logger } from '../ops/logger.js';
import type { QueueStats } from '../retry/queue.js';
import type { JobOutcome } from '../retry/worker.js';

export interface QueueOptions {
  readonly url: string;
  /** The configuration's `name`; may not hold a colon. */
  readonly name: string;
  readonly log: Logger;
  /** How long a command may take until it counts as failed. */
  readonly timeoutMs?: number;
}

export interface QueueClient {
  /** Resolves when Redis has acknowledged all. @throws UnstaleError QUEUE_UNREACHABLE */
  addJobs(jobs: readonly { data: object; delayMs: number }[]): Promise<void>;
  /** @throws UnstaleError QUEUE_UNREACHABLE */
  stats(): Promise<QueueStats>;
  /** @throws UnstaleError REDIS_UNSAFE, QUEUE_UNREACHABLE */
  checkSafety(): Promise<QueueSafety>;
  startWorker(options: QueueWorkerOptions): { stop(): Promise<void> };
  close(): Promise<void>;
}

export interface QueueSafety {
  /** To be logged; no reason to refuse. */
  readonly warnings: readonly string[];
  /** Equal to the cache's run_id: it is the same server. */
  readonly runId: string;
}

export interface QueueWorkerOptions {
  /** Jobs at a time. */
  readonly concurrency?: number;
  readonly process: (data: unknown) => Promise<JobOutcome>;
}

export function connectQueue(_options: QueueOptions): QueueClient {
  throw new Error('not written yet');
}
