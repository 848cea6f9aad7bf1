/** What kafkajs can do only as a member of a group, for a moment: read a topic to its end, set a group's offsets. */
import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { UnstaleError } from '../errors.js';
import { kafkaError } from './kafka-error.js';

/**
 * All values of a one-partition topic, oldest first, read as a group of its own that is deleted afterwards.
 * @throws UnstaleError CHECKPOINT_UNREADABLE when the end is not reached in time
 */
export async function readAll(
  kafka: Kafka,
  admin: Admin,
  topic: string,
  timeoutMs: number,
): Promise<Buffer[]> {
  const [bounds] = await admin.fetchTopicOffsets(topic);
  if (bounds === undefined || BigInt(bounds.high) === BigInt(bounds.low)) return [];
  const last = BigInt(bounds.high) - 1n;
  const groupId = `unstale-read-${randomUUID()}`;
  const values: Buffer[] = [];
  const timeout = new UnstaleError(
    'CHECKPOINT_UNREADABLE',
    `Reading topic ${topic} to its end took longer than ${timeoutMs} ms. Is Kafka overloaded, or has the partition no leader?`,
  );
  try {
    await asMember(kafka, groupId, topic, async (consumer, crashed) => {
      const atEnd = new Promise<void>((resolve, reject) => {
        const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => {
          for (const { value } of batch.messages) if (value !== null) values.push(value);
          if (BigInt(batch.lastOffset()) >= last) resolve();
          return Promise.resolve();
        };
        consumer.run({ autoCommit: false, eachBatch }).catch(reject);
      });
      await Promise.race([atEnd, crashed, rejectAfter(timeoutMs, timeout)]);
    });
    return values;
  } catch (error) {
    throw kafkaError(error, `Reading topic ${topic}`);
  } finally {
    await admin.deleteGroups([groupId]).catch(() => undefined); // it expires by itself
  }
}

/** Joins, commits and leaves at once; kafkajs's own setOffsets does it only after a fetch, up to 5 s later. */
export async function commitOnce(
  kafka: Kafka,
  groupId: string,
  topic: string,
  offsets: ReadonlyMap<number, bigint>,
): Promise<void> {
  const commits = [...offsets].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
  try {
    await asMember(kafka, groupId, topic, async (consumer, crashed) => {
      const joined = new Promise<void>((resolve) => {
        consumer.on(consumer.events.GROUP_JOIN, () => {
          resolve();
        });
      });
      const eachBatch = (): Promise<void> => Promise.resolve();
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
      await Promise.race([joined, crashed]);
      await consumer.commitOffsets(commits);
    });
  } catch (error) {
    throw kafkaError(error, `Setting the offsets of group ${groupId}`);
  }
}

/** Subscribes a consumer for as long as `action` takes; `crashed` rejects if the consumer ends meanwhile. */
export async function asMember(
  kafka: Kafka,
  groupId: string,
  topic: string,
  action: (consumer: Consumer, crashed: Promise<never>) => Promise<void>,
): Promise<void> {
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 250 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const crashed = new Promise<never>((_resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
    });
    crashed.catch(() => undefined); // it may come when nobody waits for it any more
    await action(consumer, crashed);
  } finally {
    await consumer.disconnect();
  }
}

function rejectAfter(timeoutMs: number, error: UnstaleError): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => {
      reject(error);
    }, timeoutMs).unref(); // rejecting when nobody waits any more does nothing
  });
}
