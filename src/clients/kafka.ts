/**
 * The one place, beside the consumer's file, that knows kafkajs: producing, topics, offsets, and reading a compacted
 * topic to its end.
 */
import './kafkajs-patches.js';
import kafkajs, {
  type Admin,
  type Kafka,
  type KafkaConfig,
  type Message,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import type { Logger } from '../ops/logger.js';
import type { OutgoingMessage } from '../publish/message-batch.js';
import { type TopicSpec, demandSafeTopic } from '../publish/topics.js';
import { kafkaError } from './kafka-error.js';
import { commitOnce, readAll } from './kafka-groups.js';
import { type Following, type ReadOptions, follow, readRanges } from './kafka-reader.js';

// A CommonJS package, whose names Node cannot all find by itself.
const { ConfigResourceTypes, Kafka: KafkaClass, logLevel } = kafkajs;

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: boolean;
  readonly sasl?:
    { readonly mechanism: string; readonly username: string; readonly password: string } | undefined;
  readonly producer: { readonly retries: number; readonly retryBackoffMs: number };
  readonly log: Logger;
}

export interface KafkaClient {
  /** For the consumer's file only. */
  readonly kafka: Kafka;
  /** Makes the topic, or checks the one that is there. @throws UnstaleError KAFKA_TOPIC_UNSAFE */
  ensureTopic(spec: TopicSpec): Promise<void>;
  /** Log-end offset by partition; undefined where there is no such topic. */
  endOffsets(topic: string): Promise<ReadonlyMap<number, bigint> | undefined>;
  startOffsets(topic: string): Promise<ReadonlyMap<number, bigint> | undefined>;
  /** Committed offset by partition; partitions without one are left out. */
  groupOffsets(groupId: string, topic: string): Promise<ReadonlyMap<number, bigint>>;
  /** For a group that has no members yet. */
  setGroupOffsets(groupId: string, topic: string, offsets: ReadonlyMap<number, bigint>): Promise<void>;
  /** All values in a one-partition topic, oldest first. */
  readAll(topic: string, timeoutMs: number): Promise<Buffer[]>;
  /** Offset by partition of the first message not older than this; the end where there is none. */
  offsetsAt(topic: string, atMs: number): Promise<ReadonlyMap<number, bigint>>;
  /** All messages in these ranges that are still there. @throws UnstaleError KAFKA_UNREACHABLE */
  readRanges(options: ReadOptions): Promise<void>;
  /** Every value of a topic, the oldest first, and those that come. */
  follow(topic: string, onValue: (value: Buffer) => void): Promise<Following>;
  producer(): Promise<KafkaProducer>;
  close(): Promise<void>;
}

/** For topics where the order of keys does not matter; goes to partition 0. */
export interface PlainMessage {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface KafkaProducer {
  /** Resolves when all in-sync replicas have all of them. */
  send(topic: string, messages: readonly (OutgoingMessage | PlainMessage)[]): Promise<void>;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;

export function createKafkaClient(options: KafkaOptions): KafkaClient {
  const kafka = newKafka(options);
  let connecting: Promise<Admin> | undefined;
  const admin = (): Promise<Admin> => {
    connecting ??= connectAdmin(kafka).catch((error: unknown) => {
      connecting = undefined;
      throw kafkaError(error, `Connecting to Kafka at ${options.brokers.join(', ')}`);
    });
    return connecting;
  };
  const ask = async <T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> => {
    const connected = await admin();
    return question(connected).catch((error: unknown) => {
      throw kafkaError(error, what);
    });
  };
  return {
    kafka,
    ensureTopic: (spec) => ask(`Preparing topic ${spec.name}`, (connected) => ensureTopic(connected, spec)),
    endOffsets: (topic) =>
      ask(`Reading the offsets of ${topic}`, (connected) => topicOffsets(connected, topic, 'high')),
    startOffsets: (topic) =>
      ask(`Reading the offsets of ${topic}`, (connected) => topicOffsets(connected, topic, 'low')),
    groupOffsets: (groupId, topic) =>
      ask(`Reading the offsets of group ${groupId}`, async (connected) => {
        if (!(await connected.listTopics()).includes(topic)) return new Map();
        const [found] = await connected.fetchOffsets({ groupId, topics: [topic] });
        const known = found?.partitions.filter(({ offset }) => offset !== '-1') ?? [];
        return new Map(known.map(({ partition, offset }) => [partition, BigInt(offset)]));
      }),
    setGroupOffsets: (groupId, topic, offsets) => commitOnce(kafka, groupId, topic, offsets),
    readAll: async (topic, timeoutMs) => readAll(kafka, await admin(), topic, timeoutMs),
    offsetsAt: (topic, atMs) =>
      ask(`Reading the offsets of ${topic}`, async (connected) => {
        const offsets = await connected.fetchTopicOffsetsByTimestamp(topic, atMs);
        return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
      }),
    readRanges: async (wanted) => readRanges(kafka, await admin(), wanted),
    follow: async (topic, onValue) => follow(kafka, await admin(), topic, onValue),
    producer: () => connectProducer(kafka, options.brokers),
    async close() {
      const connected = await connecting?.catch(() => undefined); // what never connected needs no farewell
      await connected?.disconnect();
    },
  };
}

function newKafka(options: KafkaOptions): Kafka {
  const logBridge = createLogBridge(options.log);
  return new KafkaClass({
    clientId: options.clientId,
    brokers: [...options.brokers],
    ssl: options.ssl,
    ...(options.sasl === undefined ? {} : { sasl: options.sasl as SASLOptions }),
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: {
      retries: options.producer.retries,
      initialRetryTime: options.producer.retryBackoffMs,
      maxRetryTime: 5_000,
    },
    logLevel: logLevel.WARN,
    logCreator: () => logBridge,
  });
}

async function connectAdmin(kafka: Kafka): Promise<Admin> {
  const admin = kafka.admin();
  await admin.connect();
  return admin;
}

async function connectProducer(kafka: Kafka, brokers: readonly string[]): Promise<KafkaProducer> {
  const producer = newProducer(kafka);
  try {
    await producer.connect();
  } catch (error) {
    throw kafkaError(error, `Connecting to Kafka at ${brokers.join(', ')}`);
  }
  return {
    async send(topic, messages) {
      try {
        await producer.send({ topic, acks: -1, messages: messages as Message[] }); // kafkajs only reads the array
      } catch (error) {
        throw kafkaError(error, `Sending ${messages.length} messages to ${topic}`);
      }
    },
    close: () => producer.disconnect(),
  };
}

/**
 * Not idempotent: with that setting kafkajs 2.2.4 can lose a message that it acknowledged, when one response is lost
 * while another send runs. Without it the same fault only makes a duplicate.
 */
function newProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: false,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
}

async function ensureTopic(admin: Admin, spec: TopicSpec): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const configEntries = Object.entries(spec.settings).map(([name, value]) => ({ name, value }));
  const replicationFactor = Math.min(3, brokers.length);
  if (replicationFactor === 3) configEntries.push({ name: 'min.insync.replicas', value: '2' });
  if ((await admin.listTopics()).includes(spec.name)) {
    demandSafeTopic(spec, await describeTopic(admin, spec.name));
    return;
  }
  const { name: topic, partitions: numPartitions } = spec;
  await admin.createTopics({
    topics: [{ topic, numPartitions, replicationFactor, configEntries }],
    waitForLeaders: true,
  });
}

async function describeTopic(
  admin: Admin,
  topic: string,
): Promise<{ partitions: number; settings: Record<string, string> }> {
  const [metadata, configs] = await Promise.all([
    admin.fetchTopicMetadata({ topics: [topic] }),
    admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    }),
  ]);
  const entries = configs.resources[0]?.configEntries ?? [];
  return {
    partitions: metadata.topics[0]?.partitions.length ?? 0,
    settings: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
  };
}

async function topicOffsets(
  admin: Admin,
  topic: string,
  end: 'high' | 'low',
): Promise<ReadonlyMap<number, bigint> | undefined> {
  // Asking for a topic that is missing costs kafkajs all its retries, about 11 s.
  if (!(await admin.listTopics()).includes(topic)) return undefined;
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map((found) => [found.partition, BigInt(found[end])]));
}

type LogEntry = Parameters<ReturnType<NonNullable<KafkaConfig['logCreator']>>>[0];

/** How often the same line of kafkajs is repeated. */
const REPEAT_AFTER_MS = 60_000;

/** kafkajs's own lines: broken connections are worth a warning, single refused requests are tried again quietly. */
export function createLogBridge(log: Logger): (entry: LogEntry) => void {
  const toldAtMs = new Map<string, number>();
  return ({ namespace, level, log: { message, ...rest } }) => {
    const details = { namespace, error: rest.error as unknown, broker: rest.broker as unknown };
    const isLoud = level <= logLevel.ERROR && !message.startsWith('Response ');
    const nowMs = performance.now();
    if (isLoud && nowMs - (toldAtMs.get(message) ?? -REPEAT_AFTER_MS) >= REPEAT_AFTER_MS) {
      if (toldAtMs.size > 100) toldAtMs.clear(); // messages with numbers in them
      toldAtMs.set(message, nowMs);
      log.warn(details, `kafkajs: ${message}`);
    } else {
      log.debug(details, `kafkajs: ${message}`);
    }
  };
}
