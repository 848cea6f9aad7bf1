import type { UnreadableMessage } from '../invalidate/plan.js';
import { type DeadRecord, deadMessage } from '../publish/dead-letters.js';
import { deadLetterTopicOf } from './names.js';
import type { Parts } from './parts.js';

/** Puts messages that nobody can read into the dead letters, and tells people. */
export async function park(
  parts: Parts,
  messages: readonly UnreadableMessage[],
  partition: number,
): Promise<void> {
  if (messages.length === 0) return;
  const { config, metrics, alerts } = parts;
  const place = { topic: config.kafka.topic, partition };
  await sendDead(
    parts,
    messages.map(({ message, error }) => deadMessage(message, place, error.message, Date.now())),
  );
  metrics.retry.deadLetters.inc({ reason: 'MESSAGE_UNREADABLE' }, messages.length);
  const first = messages[0];
  alerts.alert({
    event: 'unreadable_message',
    title: `${messages.length} unreadable messages went to ${deadLetterTopicOf(config)}`,
    details: { ...place, firstOffset: first?.message.offset ?? '', error: first?.error.message ?? '' },
  });
}

/** Resolves when Kafka has acknowledged them. One by one: each may be nearly as large as a broker takes at once. */
export async function sendDead({ sideline, config }: Parts, records: readonly DeadRecord[]): Promise<void> {
  for (const record of records) await sideline.send(deadLetterTopicOf(config), [record]);
}
