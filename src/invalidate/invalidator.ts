/**
 * In: one partition's messages, in order. Out: how many of them are done for good.
 * Holds guarantee 2: a message counts as handled only when each of its keys was deleted or lies in the retry queue,
 * and when it lies in the dead letters itself if nobody can read it.
 */
import type { BatchHandler, IncomingMessage } from '../domain/batch.js';
import type { FailedTarget } from '../domain/failed-target.js';
import { UnstaleError } from '../errors.js';
import type { DeleteTargets } from './deletion.js';
import { type AddTargets, type UnreadableMessage, planBatch } from './plan.js';

export interface InvalidatorOptions {
  readonly addTargets: AddTargets;
  readonly deleteTargets: DeleteTargets;
  /** Resolves when all of them are durable in the queue. */
  readonly queueRetry: (failed: readonly FailedTarget[]) => Promise<void>;
  /** Resolves when all of them are durable in the dead-letter topic. */
  readonly parkUnreadable: (messages: readonly UnreadableMessage[], partition: number) => Promise<void>;
  readonly observe: InvalidationObserver;
}

export interface InvalidationObserver {
  /** A batch is done: its targets were asked to be deleted, of which some existed, and some failed and are queued. */
  batch(result: {
    messages: readonly IncomingMessage[];
    targets: number;
    removed: number;
    failed: readonly FailedTarget[];
  }): void;
  /** Nothing of a batch is done yet. */
  stuck(reason: UnstaleError): void;
}

/** How long a partition waits when neither Redis nor the queue would take its keys. */
const STUCK_RETRY_MS = 1_000;

export function createInvalidator(options: InvalidatorOptions): BatchHandler {
  const { addTargets, deleteTargets, queueRetry, parkUnreadable, observe } = options;
  return async ({ partition, messages }) => {
    const { targets, unreadable } = planBatch(messages, addTargets);
    const { removed, failed } = await deleteTargets(targets);
    try {
      // Both are durable before the offset moves.
      await Promise.all([
        failed.length > 0 ? queueRetry(failed) : undefined,
        unreadable.length > 0 ? parkUnreadable(unreadable, partition) : undefined,
      ]);
    } catch (error) {
      if (!(error instanceof UnstaleError) || error.fate !== 'retry') throw error;
      observe.stuck(error);
      return { handled: 0, retryInMs: STUCK_RETRY_MS };
    }
    observe.batch({ messages, targets: targets.length, removed, failed });
    return { handled: messages.length, retryInMs: 0 };
  };
}
