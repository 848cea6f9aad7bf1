/** Reading a topic apart from the groups that work on it, each time as a group of its own that is deleted afterwards. */
import { randomUUID } from 'node:crypto';
import type { Admin, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { UnstaleError } from '../errors.js';
import { kafkaError } from './kafka-error.js';
import { asMember } from './kafka-groups.js';

/** Offsets of one partition: from the first to before the last. */
export interface OffsetRange {
  readonly from: bigint;
  readonly to: bigint;
}

export interface ReadOptions {
  readonly topic: string;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  /** Called in the order of the offsets of each partition. */
  readonly onMessages: (partition: number, messages: readonly KafkaMessage[]) => void;
  readonly timeoutMs: number;
}

/**
 * Hands over all messages in these ranges that are still there.
 * @throws UnstaleError KAFKA_UNREACHABLE when the ends are not reached in time
 */
export async function readRanges(kafka: Kafka, admin: Admin, options: ReadOptions): Promise<void> {
  const { topic, onMessages, timeoutMs } = options;
  const open = new Map([...options.ranges].filter(([, { from, to }]) => to > from));
  if (open.size === 0) return;
  const groupId = `unstale-read-${randomUUID()}`;
  try {
    await asMember(kafka, groupId, topic, async (consumer, crashed) => {
      const allRead = new Promise<void>((resolve, reject) => {
        const eachBatch = ({ batch, isStale }: EachBatchPayload): Promise<void> => {
          const { partition, messages } = batch;
          const range = open.get(partition);
          if (range === undefined || isStale()) return Promise.resolve();
          const wanted = messages.filter(
            ({ offset }) => BigInt(offset) >= range.from && BigInt(offset) < range.to,
          );
          onMessages(partition, wanted);
          if (BigInt(batch.lastOffset()) + 1n >= range.to) {
            open.delete(partition);
            consumer.pause([{ topic, partitions: [partition] }]);
          }
          if (open.size === 0) resolve();
          return Promise.resolve();
        };
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          for (const partition of payload.memberAssignment[topic] ?? []) {
            const range = open.get(partition);
            if (range === undefined) consumer.pause([{ topic, partitions: [partition] }]);
            else consumer.seek({ topic, partition, offset: String(range.from) });
          }
        });
        consumer.run({ autoCommit: false, eachBatch }).catch(reject);
      });
      await Promise.race([allRead, crashed, lateAfter(timeoutMs, topic)]);
    });
  } catch (error) {
    throw kafkaError(error, `Reading topic ${topic}`);
  } finally {
    await admin.deleteGroups([groupId]).catch(() => undefined); // it expires by itself
  }
}

function lateAfter(timeoutMs: number, topic: string): Promise<never> {
  const message = `Reading topic ${topic} took longer than ${timeoutMs} ms. Is Kafka overloaded?`;
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      reject(new UnstaleError('KAFKA_UNREACHABLE', message));
    }, timeoutMs).unref(); // rejecting when nobody waits any more does nothing
  });
}

export interface Following {
  stop(): Promise<void>;
}

/** Hands over every value of a topic, the oldest first, and those that come, until stopped. */
export async function follow(
  kafka: Kafka,
  admin: Admin,
  topic: string,
  onValue: (value: Buffer) => void,
): Promise<Following> {
  const groupId = `unstale-read-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 250 });
  const stop = async (): Promise<void> => {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined); // it expires by itself
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: ({ message: { value } }) => {
        if (value !== null) onValue(value);
        return Promise.resolve();
      },
    });
    return { stop };
  } catch (error) {
    await stop().catch(() => undefined); // the first error tells
    throw kafkaError(error, `Following topic ${topic}`);
  }
}
