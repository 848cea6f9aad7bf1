import { UnstaleError, messageOf } from '../errors.js';

/** kafkajs's errors that no waiting mends. */
const HOPELESS = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** Errors of kafkajs, and Node's of the network, are Kafka's; all others are bugs, and retrying would hide them. */
export function kafkaError(error: unknown, what: string): UnstaleError {
  if (error instanceof UnstaleError) return error;
  const isOfKafka = error instanceof Error && (error.name.startsWith('KafkaJS') || 'code' in error);
  if (!isOfKafka) return new UnstaleError('BUG', `${what} failed: ${messageOf(error)}.`, { cause: error });
  const type = 'type' in error ? String(error.type) : '';
  if (type === 'MESSAGE_TOO_LARGE') {
    const advice = 'Raise max.message.bytes of the topic, or let messages carry less: kafka.columns: mapped';
    return new UnstaleError('MESSAGE_TOO_LARGE', `${what} was refused as too large. ${advice}.`, {
      cause: error,
    });
  }
  const advice = HOPELESS.has(type) ? ' Give the user the rights for it (kafka-acls.sh).' : '';
  return new UnstaleError('KAFKA_UNREACHABLE', `${what} failed: ${messageOf(error)}.${advice}`, {
    cause: error,
  });
}
