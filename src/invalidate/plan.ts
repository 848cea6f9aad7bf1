import type { IncomingMessage } from '../domain/batch.js';
import { type Target, targetId } from '../domain/cache-key.js';
import type { RowChange } from '../domain/change.js';
import { parseMessage } from '../domain/message.js';
import { UnstaleError } from '../errors.js';

export interface UnreadableMessage {
  readonly message: IncomingMessage;
  readonly error: UnstaleError;
}

/** What a batch of messages asks for: each target once, and the messages that nobody can read. */
export interface BatchPlan {
  readonly targets: readonly Target[];
  readonly unreadable: readonly UnreadableMessage[];
}

/** Pure. A message that cannot be read spoils no other. */
export function planBatch(
  messages: readonly IncomingMessage[],
  targetsOf: (change: RowChange) => readonly Target[],
): BatchPlan {
  const targets = new Map<string, Target>();
  const unreadable: UnreadableMessage[] = [];
  for (const message of messages) {
    try {
      for (const target of targetsOf(parseMessage(message.value))) targets.set(targetId(target), target);
    } catch (error) {
      if (!(error instanceof UnstaleError) || error.fate !== 'park') throw error;
      unreadable.push({ message, error });
    }
  }
  return { targets: [...targets.values()], unreadable };
}
