import { newestCheckpoint, encodeCheckpoint } from '../domain/checkpoint.js';
import type { Position } from '../domain/position.js';
import type { KafkaClient, KafkaProducer } from '../clients/kafka.js';
import { openLockSession } from '../clients/mysql-lock.js';
import { connectionOptions, openMysqlSession } from '../clients/mysql.js';
import { type ProducerThread, startProducerThread } from '../clients/producer-thread.js';
import type { Config } from '../config/schema.js';
import { checkMapping, checkTable } from '../mapping/check.js';
import { mappingError } from '../mapping/mapping-error.js';
import type { Mapping } from '../mapping/mapping.js';
import { tableText } from '../mapping/table-mapping.js';
import type { TableSchema } from '../mapping/table-schema.js';
import type { Logger } from '../ops/logger.js';
import type { Metrics } from '../ops/metrics.js';
import { createEncoder } from '../publish/encode.js';
import { unpack } from '../publish/message-batch.js';
import { createPublisher } from '../publish/publisher.js';
import { createSender } from '../publish/sender.js';
import { checkpointTopic } from '../publish/topics.js';
import { openBinlog, parseGtidSet } from '../tail/binlog.js';
import type { TailTables } from '../tail/change-reader.js';
import { becomeLeader } from '../tail/leader.js';
import { type Tail, startTail } from '../tail/tail.js';
import { secondsBehind } from '../ops/lag.js';
import { startSampling } from './sampling.js';
import { type Parts, openProducer, untilAvailable } from './parts.js';
import type { Outlet, OutletHooks, Source, TailEffects, TailObserver } from '../tail/effects.js';
import type { StageHealth } from '../ops/health.js';

export interface TailParts {
  readonly config: Config;
  readonly mapping: Mapping;
  readonly kafka: KafkaClient;
  /** For row changes only: one send in flight. */
  readonly changes: ProducerThread;
  /** The same from this thread, for a few of them. */
  readonly nearChanges: KafkaProducer;
  /** For checkpoints, so that they never wait behind a large send. */
  readonly sideline: KafkaProducer;
  readonly health: StageHealth;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const CHECKPOINT_TIMEOUT_MS = 15_000;

export function createTailEffects(parts: TailParts): TailEffects {
  const { config, kafka, sideline } = parts;
  const { name: checkpoints } = checkpointTopic(config.name);
  return {
    becomeLeader: (signal, onStandby) =>
      becomeLeader({
        name: config.name,
        openSession: () => openLockSession(config.mysql.url),
        now: () => performance.now(),
        onStandby,
        signal,
      }),
    async readCheckpoint() {
      const records = await kafka.readAll(checkpoints, CHECKPOINT_TIMEOUT_MS);
      return { checkpoint: newestCheckpoint(records), hasHistory: await hasHistory(kafka, config) };
    },
    async writeCheckpoint(checkpoint) {
      await sideline.send(checkpoints, [{ key: config.name, value: encodeCheckpoint(checkpoint) }]);
    },
    inspect: (stored) => inspectSource(parts, stored),
    openOutlet: (hooks) => openOutlet(parts, hooks),
    openBinlog: (options) =>
      openBinlog({
        ...options,
        connection: connectionOptions(config.mysql.url),
        serverId: config.mysql.serverId,
      }),
    parseGtids: parseGtidSet,
  };
}

/** Messages or offsets without a checkpoint: then a position was lost, and this is no first start. */
async function hasHistory(kafka: KafkaClient, { kafka: { topic, consumer } }: Config): Promise<boolean> {
  const [ends, committed] = await Promise.all([
    kafka.endOffsets(topic),
    kafka.groupOffsets(consumer.groupId, topic),
  ]);
  return committed.size > 0 || [...(ends?.values() ?? [])].some((offset) => offset > 0n);
}

async function inspectSource(
  { config, mapping, log }: TailParts,
  stored: Position | undefined,
): Promise<Source> {
  const session = await openMysqlSession({ url: config.mysql.url });
  try {
    const facts = await session.facts();
    const relation = stored === undefined ? undefined : await session.relation(stored);
    const schemas = await session.schemas((db, table) => mapping.planFor({ db, table }) !== undefined);
    const { problems, warnings } = checkMapping(mapping, schemas);
    if (problems.length > 0) throw mappingError(problems);
    for (const warning of warnings) log.warn(warning);
    return { facts, relation, tables: createTailTables(config, mapping, schemas) };
  } finally {
    await session.close();
  }
}

function createTailTables(config: Config, mapping: Mapping, schemas: readonly TableSchema[]): TailTables {
  const rowKeys = new Map(schemas.map(({ table, rowKey }) => [tableText(table), rowKey]));
  const dbs = new Set(schemas.map(({ table }) => table.db));
  return {
    isMapped: (table) => mapping.planFor(table) !== undefined,
    isMappedDb: (db) => dbs.has(db),
    carriedColumns({ table, columns, primaryKey }) {
      const plan = mapping.planFor(table);
      const names = columns.map(({ name }) => name);
      if (plan === undefined) return new Set();
      // Whether a table without a key may be tailed was decided at start; what counts now are the columns.
      const shape = { table, columns: columns.map((column) => ({ ...column, nullable: true })) };
      const { problems } = checkTable(plan, { ...shape, rowKey: primaryKey ?? names });
      if (problems.length > 0) throw mappingError(problems);
      return config.kafka.columns === 'all' ? new Set(names) : plan.columns;
    },
    uniqueKeyOf: (table) => rowKeys.get(tableText(table)),
  };
}

function openOutlet(
  { config, changes, nearChanges, metrics, health }: TailParts,
  hooks: OutletHooks,
): Outlet {
  const { name, kafka } = config;
  const encode = createEncoder({ name, serverId: hooks.serverId, now: () => Date.now() });
  const send = createSender({
    near: (batch) => nearChanges.send(kafka.topic, unpack(batch)),
    far: changes.openSession(),
  });
  const publisher = createPublisher({
    ...hooks,
    partitions: kafka.partitions,
    async send(batch) {
      hooks.demandLeadership();
      health.waiting('Kafka has not acknowledged the last send');
      await send(batch);
      health.progress();
    },
    observe({ messages, seconds, waitingBytes }) {
      metrics.publish.messages.inc(messages);
      metrics.publish.batches.inc();
      metrics.publish.seconds.observe(seconds);
      metrics.tail.queueBytes.set(waitingBytes);
    },
  });
  return {
    publish(rows, origin) {
      encode(rows, origin, publisher.append);
    },
    commit: publisher.commit,
    idle: publisher.idle,
    drained: publisher.drained,
    close: publisher.close,
  };
}

export function createTailObserver({ tail, publish }: Metrics): TailObserver {
  return {
    changes(table, rows) {
      tail.rows.inc({ table }, rows);
    },
    transaction() {
      tail.transactions.inc();
    },
    session() {
      tail.sessions.inc();
    },
    leading(leads) {
      tail.leader.set(leads ? 1 : 0);
    },
    checkpointed({ currentAtMs }) {
      publish.checkpointedAt.set(currentAtMs / 1_000);
    },
  };
}

export async function startTailing(parts: Parts): Promise<void> {
  const { config, resources, metrics, health, log, onFailure, resetPosition } = parts;
  const changes = await untilAvailable(parts, () =>
    startProducerThread({
      ...config.kafka,
      clientId: `unstale-${config.name}`,
      logLevel: config.log.level,
    }),
  );
  resources.opened(changes, (opened) => opened.close());
  const nearChanges = await openProducer(parts, parts.kafka, resources);
  const tail = startTail({
    effects: createTailEffects({ ...parts, changes, nearChanges, health: health.stage('tail') }),
    health: health.stage('tail'),
    log: log.child({ stage: 'tail' }),
    observe: createTailObserver(metrics),
    resetPosition,
    onFailure,
    now: () => Date.now(),
  });
  resources.opened(tail, (opened) => opened.stop());
  startSampling(parts, () => sampleLag(parts, tail));
}

/** Sets the tail's lag, unless another process leads. */
async function sampleLag({ config, metrics }: Parts, tail: Tail): Promise<void> {
  const progress = tail.progress();
  if (progress === undefined) {
    metrics.tail.lagSeconds.set(0); // the lag is the leader's to tell
    metrics.tail.lagBytes.set(0);
    return;
  }
  const session = await openMysqlSession({ url: config.mysql.url });
  try {
    const { transactions, bytes } = await session.ahead(progress.position());
    metrics.tail.lagSeconds.set(secondsBehind(progress.currentAtMs, transactions, Date.now()));
    if (bytes !== undefined) metrics.tail.lagBytes.set(bytes);
  } finally {
    await session.close();
  }
}
