/** Topics seen from outside: how much is in them, and what. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import type { RateMeter } from './rate.js';

const pollEveryMs = 50;
/** Nothing new for so long is a failure, not a slow run. */
const standstillMs = 60_000;

/** Messages in all partitions. */
export async function messagesIn(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

export interface FollowOptions {
  /** How much is done so far. */
  readonly look: () => Promise<number>;
  readonly total: number;
  readonly meter: RateMeter;
  /** The race that a failure of a process wins. */
  readonly died: Promise<never>;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** Looks each 50 ms until all is done. @throws Error when nothing moves any more */
export async function followToEnd({
  look,
  total,
  meter,
  died,
  signal,
  onProgress,
}: FollowOptions): Promise<void> {
  let movedAtMs = performance.now();
  while (meter.done() < total) {
    const before = meter.done();
    const done = await Promise.race([look(), died]);
    const nowMs = performance.now();
    meter.seen(done, nowMs);
    onProgress(done);
    if (done !== before) movedAtMs = nowMs;
    else if (nowMs - movedAtMs > standstillMs)
      throw new Error(`${done} of ${total} are done, and nothing has moved for ${standstillMs / 1000} s.`);
    if (done < total) await pause(pollEveryMs, undefined, { signal });
  }
}

export interface TopicContent {
  readonly messages: number;
  readonly distinctKeys: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
}

export interface ReadOptions {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly topic: string;
  readonly signal: AbortSignal;
}

/** Reads all that is in a topic now. Sizes are sums. */
export async function readTopic({ kafka, admin, topic, signal }: ReadOptions): Promise<TopicContent> {
  const expected = await messagesIn(admin, topic);
  const groupId = `bench-read-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
  const keys = new Set<string>();
  let [messages, keyBytes, valueBytes] = [0, 0, 0];
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(signal.reason as Error);
      });
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
      const eachBatch = ({
        batch,
      }: {
        batch: { messages: { key: Buffer | null; value: Buffer | null }[] };
      }): Promise<void> => {
        for (const { key, value } of batch.messages) {
          messages += 1;
          keyBytes += key?.length ?? 0;
          valueBytes += value?.length ?? 0;
          keys.add(key?.toString() ?? '');
        }
        if (messages >= expected) resolve();
        return Promise.resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]);
  }
  return { messages, distinctKeys: keys.size, keyBytes, valueBytes };
}
