import type { IncomingMessage } from '../domain/batch.js';
import { type Target, targetId } from '../domain/cache-key.js';
import type { RowChange } from '../domain/change.js';
import { parseMessage } from '../domain/message.js';
import { UnstaleError } from '../errors.js';

export interface UnreadableMessage {
  readonly message: IncomingMessage;
  readonly error: UnstaleError;
  /** `message`: no mapping could read it. `keys`: this mapping lacks something in it for some of its keys. */
  readonly lost: 'message' | 'keys';
}

/** What a batch of messages asks for: each target once, and the messages that nobody can read. */
export interface BatchPlan {
  readonly targets: readonly Target[];
  readonly unreadable: readonly UnreadableMessage[];
}

/** Adds a change's targets to the list. @throws UnstaleError MESSAGE_UNREADABLE when some could not be made */
export type AddTargets = (change: RowChange, targets: Target[]) => void;

/** Pure. What cannot be read spoils nothing else. */
export function planBatch(messages: readonly IncomingMessage[], addTargets: AddTargets): BatchPlan {
  const targets: Target[] = [];
  const unreadable: UnreadableMessage[] = [];
  for (const message of messages) {
    let lost: UnreadableMessage['lost'] = 'message';
    try {
      const change = parseMessage(message.value);
      lost = 'keys';
      addTargets(change, targets);
    } catch (error) {
      if (!(error instanceof UnstaleError) || error.fate !== 'park') throw error;
      unreadable.push({ message, error, lost });
    }
  }
  return { targets: [...new Map(targets.map((target) => [targetId(target), target])).values()], unreadable };
}
