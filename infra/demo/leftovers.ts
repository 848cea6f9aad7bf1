import { Kafka, logLevel } from 'kafkajs';
import type { Config } from '../../src/config/schema.js';

/**
 * On servers that had a demo before, its topics and consumer groups would tell unstale to go on where that one
 * ended, in a database that has been dropped since. Deletes them; on new servers there are none.
 */
export async function deleteLeftovers({ name, kafka: { brokers, topic, consumer } }: Config): Promise<void> {
  const ours = new Set([topic, `${topic}.dead`, `${name}.checkpoint`]);
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  try {
    const { groups } = await admin.listGroups();
    const groupIds = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(consumer.groupId));
    if (groupIds.length > 0) await admin.deleteGroups(groupIds);
    const topics = (await admin.listTopics()).filter((found) => ours.has(found));
    if (topics.length > 0) await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}
