/** kafkajs alone: sends messages that stand ready as bytes, with their partition chosen, one send after another. */
import { Kafka, logLevel, type Message } from 'kafkajs';
import { answer } from '../child.js';
import { createRateMeter } from '../rate.js';
import { produceScript } from '../scripts.js';

const partitions = 12;

await answer(
  produceScript,
  async ({ brokers, topic, messages: total, keyBytes, valueBytes, batch: batchSize }) => {
    const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });
    const producer = kafka.producer({
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => partitionOf,
    });
    await producer.connect();
    const messages = makeBatch(batchSize, keyBytes, valueBytes);
    const meter = createRateMeter();
    try {
      for (let sent = 0; sent < total;) {
        const batch = messages.slice(0, total - sent);
        await producer.send({ topic, acks: -1, messages: batch });
        sent += batch.length;
        meter.seen(sent, performance.now());
      }
      return { messagesPerSecond: meter.perSecond() };
    } finally {
      await producer.disconnect();
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    }
  },
);

function partitionOf({ message }: { readonly message: Message }): number {
  return message.partition ?? 0;
}

function makeBatch(count: number, keyBytes: number, valueBytes: number): Message[] {
  return Array.from({ length: count }, (_, index) => ({
    key: Buffer.alloc(keyBytes, `{"id":${index}}`),
    value: Buffer.alloc(valueBytes, `{"op":"u","before":{"id":${index},"stock":1}}`),
    partition: index % partitions,
  }));
}
