/** What messages of the change topic say of suspects. Pure; which messages to read is decided elsewhere. */
import { type Target, targetId } from '../domain/cache-key.js';
import type { RowChange } from '../domain/change.js';
import { parseMessage } from '../domain/message.js';
import { UnstaleError } from '../errors.js';
import type { Mapping } from '../mapping/mapping.js';

export interface TopicMessage {
  readonly partition: number;
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** A change, and the ids of the targets that it makes stale. */
export interface TargetedChange {
  readonly change: RowChange;
  readonly targets: readonly Target[];
}

/** Undefined for what is no change of a mapped row; the consumers have said so already. */
export function readChange(
  { value }: Pick<TopicMessage, 'value'>,
  mapping: Mapping,
): TargetedChange | undefined {
  const targets: Target[] = [];
  try {
    const change = parseMessage(value);
    mapping.planFor(change.table)?.targetsOf(change, targets);
    return { change, targets };
  } catch (error) {
    if (error instanceof UnstaleError && error.fate === 'park') return undefined;
    throw error;
  }
}

/** Of those ids the ones that a message concerns. */
export function concerned(
  messages: Iterable<Pick<TopicMessage, 'value'>>,
  ids: ReadonlySet<string>,
  mapping: Mapping,
): Set<string> {
  const found = new Set<string>();
  for (const message of messages) {
    for (const target of readChange(message, mapping)?.targets ?? []) {
      const id = targetId(target);
      if (ids.has(id)) found.add(id);
    }
  }
  return found;
}
