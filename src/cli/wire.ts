/**
 * Builds the clients and joins the stages: the one place that knows them all.
 * In: the configuration and which stages to run. Out: a running pipeline that stops in reverse order.
 */
import pRetry, { AbortError } from 'p-retry';
import type { BatchHandler } from '../domain/batch.js';
import { connectQueue, type QueueClient } from '../clients/queue.js';
import { type KafkaClient, type KafkaProducer, createKafkaClient } from '../clients/kafka.js';
import { startProducerThread } from '../clients/producer-thread.js';
import { type RunningConsumer, startConsumer } from '../clients/kafka-consumer.js';
import { type CacheClient, connectCache } from '../clients/redis.js';
import { createWebhook } from '../clients/webhook.js';
import type { Config } from '../config/schema.js';
import { UnstaleError } from '../errors.js';
import { type DeleteTargets, createDeletion } from '../invalidate/deletion.js';
import { createInvalidator } from '../invalidate/invalidator.js';
import type { UnreadableMessage } from '../invalidate/plan.js';
import { createKeyMatcher } from '../mapping/key-matcher.js';
import { type Mapping, compileMapping } from '../mapping/mapping.js';
import { type Alerts, createAlerts } from '../ops/alerts.js';
import { type Health, createHealth, startHealthWatch } from '../ops/health.js';
import type { Logger } from '../ops/logger.js';
import { type Metrics, createMetrics } from '../ops/metrics.js';
import { createOpsServer } from '../ops/server.js';
import { type DeadRecord, deadKeys, deadMessage } from '../publish/dead-letters.js';
import { checkpointTopic, messageTopic } from '../publish/topics.js';
import { type RetryQueue, createRetryQueue } from '../retry/queue.js';
import { createRetryWorker } from '../retry/worker.js';
import { createSettler } from '../settle/settler.js';
import { startTail } from '../tail/tail.js';
import { type Resources, createResources } from './resources.js';
import type { StageName } from './stages.js';
import { createTailEffects, createTailObserver } from './wire-tail.js';

export interface PipelineOptions {
  readonly config: Config;
  readonly stages: ReadonlySet<StageName>;
  readonly resetPosition: boolean;
  readonly log: Logger;
  /** A stage cannot go on: the process should stop the pipeline and end. */
  readonly onFailure: (error: UnstaleError) => void;
  readonly signal: AbortSignal;
}

export interface Pipeline {
  stop(): Promise<void>;
}

/** All that stages are made of. */
interface Parts extends PipelineOptions {
  readonly resources: Resources;
  readonly mapping: Mapping;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly alerts: Alerts;
  readonly kafka: KafkaClient;
  readonly sideline: KafkaProducer;
}

export const deadLetterTopicOf = (config: Config): string => `${config.kafka.topic}.dead`;
const settleStage = (index: number): string => `settle-${index + 1}`;
/** Named by index, so that editing a delay keeps the group's offsets. */
export const settleGroupOf = (config: Config, index: number): string =>
  `${config.kafka.consumer.groupId}-${settleStage(index)}`;

/** @throws UnstaleError when something refuses for good; waits, with a log line, for what is only not there yet */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { log } = options;
  const resources = createResources((error) => {
    log.warn({ err: error }, 'something did not close cleanly');
  });
  try {
    await startStages(await buildParts(options, resources));
  } catch (error) {
    await resources.closeAll();
    throw error;
  }
  return { stop: () => resources.closeAll() };
}

async function buildParts(options: PipelineOptions, resources: Resources): Promise<Parts> {
  const { config, log } = options;
  const mapping = compileMapping(config.tables, { keyPrefix: config.redis.keyPrefix });
  const metrics = createMetrics();
  const health = createHealth({ nowMs: () => performance.now() });
  const watch = startHealthWatch({
    health,
    log,
    observe: (stage, ready) => {
      metrics.stageUp.set({ stage }, ready ? 1 : 0);
    },
  });
  resources.opened(watch, (opened) => {
    opened.stop();
  });
  for (const stage of stageNames(options)) health.stage(stage).waiting('starting');
  const server = resources.opened(createOpsServer({ ...config.ops, metrics, health }), (opened) =>
    opened.stop(),
  );
  const { port } = await server.start();
  log.info({ address: `http://${config.ops.host}:${port}` }, 'metrics and health are served');
  const { webhook } = config.alerts;
  const alerts = createAlerts({
    name: config.name,
    post: webhook === '' ? undefined : createWebhook({ url: webhook, timeoutMs: 5_000 }),
    log,
    count: (outcome) => {
      metrics.alerts.inc({ outcome });
    },
  });
  resources.opened(alerts, (opened) => opened.stop());
  const kafka = createKafkaClient({ ...config.kafka, clientId: `unstale-${config.name}`, log });
  resources.opened(kafka, (opened) => opened.close());
  await untilAvailable(options, async () => {
    await kafka.ensureTopic(messageTopic(config.kafka.topic, config.kafka.partitions));
    await kafka.ensureTopic(messageTopic(deadLetterTopicOf(config), 1));
    await kafka.ensureTopic(checkpointTopic(config.name));
  });
  const sideline = await openProducer(options, kafka, resources);
  return { ...options, resources, mapping, metrics, health, alerts, kafka, sideline };
}

/** As health and metrics name them: settling has a stage for each delay. */
function stageNames({ stages, config }: PipelineOptions): string[] {
  return [...stages].flatMap((stage) =>
    stage === 'settle' ? config.settle.afterMs.map((_, index) => settleStage(index)) : [stage],
  );
}

async function startStages(parts: Parts): Promise<void> {
  const { stages, config } = parts;
  if (stages.has('invalidate') || stages.has('settle') || stages.has('retry')) {
    const deletion = await openDeletion(parts);
    if (stages.has('retry')) startRetry(parts, deletion);
    if (stages.has('invalidate')) {
      await startDeletingConsumer(
        parts,
        'invalidate',
        config.kafka.consumer.groupId,
        createHandler(parts, deletion, 'invalidate'),
      );
    }
    if (stages.has('settle')) await startSettling(parts, deletion);
  }
  if (stages.has('tail')) await startTailing(parts);
}

/** The cache and the queue, joined into the one deletion path. */
interface Deletion {
  readonly cache: CacheClient;
  readonly deleteTargets: DeleteTargets;
  readonly queueClient: QueueClient;
  readonly queue: RetryQueue;
}

async function openDeletion({ config, log, resources, signal }: Parts): Promise<Deletion> {
  const cache = resources.opened(connectCache(config.redis, log), (opened) => opened.close());
  const queueClient = connectQueue({ url: config.queue.url, name: config.name, log });
  resources.opened(queueClient, (opened) => opened.close());
  await untilAvailable({ log, signal }, () => cache.ping());
  await untilAvailable({ log, signal }, async () => {
    const { warnings } = await queueClient.checkSafety();
    for (const warning of warnings) log.warn(warning);
  });
  const queue = createRetryQueue({
    addJobs: (jobs) => queueClient.addJobs(jobs),
    stats: () => queueClient.stats(),
    depthMax: config.retry.depthMax,
    backoff: config.retry,
    nowMs: () => Date.now(),
    random: Math.random,
  });
  return { cache, queueClient, queue, deleteTargets: createDeletion(cache) };
}

function startRetry(parts: Parts, { cache, deleteTargets, queueClient }: Deletion): void {
  const { config, metrics, health, alerts, log, resources } = parts;
  const worker = createRetryWorker({
    startJobs: (process) => queueClient.startWorker({ process }),
    stats: () => queueClient.stats(),
    async deleteTargets(targets) {
      if (!cache.isConnected()) throw new UnstaleError('REDIS_UNREACHABLE', 'The cache is not connected.');
      return (await deleteTargets(targets)).failed;
    },
    isOurs: createKeyMatcher(config.tables, config.redis),
    deadLetter: (letter) => sendDead(parts, [deadKeys(letter)]),
    attemptsMax: config.retry.attempts,
    backoff: config.retry,
    alert: (alert) => {
      alerts.alert(alert);
    },
    observe: {
      attempt: () => {
        metrics.retry.attempts.inc();
      },
      deadLetter: (reason) => {
        metrics.retry.deadLetters.inc({ reason });
      },
      stats: ({ depth, oldestOverdueMs }) => {
        metrics.retry.depth.set(depth);
        metrics.retry.oldestOverdueSeconds.set(oldestOverdueMs / 1_000);
      },
    },
    health: health.stage('retry'),
    log,
    nowMs: () => Date.now(),
    random: Math.random,
  });
  resources.opened(worker, (opened) => opened.stop());
}

/** Deletes what a batch of messages names; for the first look and for the second. */
function createHandler(parts: Parts, { deleteTargets, queue }: Deletion, stage: string): BatchHandler {
  const { mapping, metrics, health, config } = parts;
  const stageHealth = health.stage(stage);
  const { consumer } = metrics;
  return createInvalidator({
    targetsOf: (change) => mapping.planFor(change.table)?.targetsOf(change) ?? [],
    deleteTargets,
    queueRetry: (failed) => queue.add(failed, stage),
    // The first look has parked them already.
    parkUnreadable:
      stage === 'invalidate'
        ? (messages, partition) => park(parts, messages, partition)
        : () => Promise.resolve(),
    observe: {
      batch({ messages, targets, removed, failed }) {
        stageHealth.progress();
        consumer.deletedKeys.inc({ stage }, targets - failed);
        consumer.removedKeys.inc({ stage }, removed);
        consumer.failedKeys.inc({ stage }, failed);
        if (stage !== 'invalidate') return;
        const nowMs = Date.now();
        for (const { timestamp } of messages)
          consumer.commitToDeleteSeconds.observe((nowMs - Number(timestamp)) / 1_000);
      },
      stuck(reason) {
        stageHealth.waiting(reason.message);
        parts.log.warn(
          { err: reason, stage, topic: config.kafka.topic },
          'a partition waits: its keys are neither deleted nor queued',
        );
      },
    },
  });
}

async function park(parts: Parts, messages: readonly UnreadableMessage[], partition: number): Promise<void> {
  const { config, metrics, alerts } = parts;
  const place = { topic: config.kafka.topic, partition };
  await sendDead(
    parts,
    messages.map(({ message, error }) => deadMessage(message, place, error.message, Date.now())),
  );
  metrics.retry.deadLetters.inc({ reason: 'unreadable_message' }, messages.length);
  const first = messages[0];
  alerts.alert({
    event: 'unreadable_message',
    title: `${messages.length} unreadable messages went to ${deadLetterTopicOf(config)}`,
    details: { ...place, firstOffset: first?.message.offset ?? '', error: first?.error.message ?? '' },
  });
}

async function sendDead({ sideline, config }: Parts, records: readonly DeadRecord[]): Promise<void> {
  await sideline.send(deadLetterTopicOf(config), records);
}

async function startDeletingConsumer(
  parts: Parts,
  stage: string,
  groupId: string,
  handle: BatchHandler,
): Promise<void> {
  const { config, kafka, log, metrics, health, resources, onFailure } = parts;
  const { topic, partitions, consumer } = config.kafka;
  const lag = new Map<number, number>();
  const open = (): Promise<RunningConsumer> =>
    startConsumer({
      ...consumer,
      kafka: kafka.kafka,
      groupId,
      topic,
      partitions,
      handle,
      log: log.child({ stage }),
      onFailure,
      observe: {
        assigned(count) {
          lag.clear();
          health.stage(stage).ready(`reads ${count} of ${partitions} partitions`);
        },
        handled(messages) {
          metrics.consumer.messages.inc({ stage }, messages);
        },
        lag(partition, messages) {
          lag.set(partition, messages);
          metrics.consumer.lagMessages.set(
            { stage },
            [...lag.values()].reduce((sum, each) => sum + each, 0),
          );
        },
        paused(count) {
          metrics.consumer.pausedPartitions.set({ stage }, count);
        },
      },
    });
  const running = await untilAvailable(parts, open);
  resources.opened(running, (opened) => opened.stop());
}

async function startSettling(parts: Parts, deletion: Deletion): Promise<void> {
  const { config, kafka } = parts;
  const { topic, consumer } = config.kafka;
  for (const [index, afterMs] of config.settle.afterMs.entries()) {
    const groupId = settleGroupOf(config, index);
    const stage = settleStage(index);
    await untilAvailable(parts, async () => {
      // A new group has nothing to settle that the main group did long ago.
      if ((await kafka.groupOffsets(groupId, topic)).size > 0) return;
      const main = await kafka.groupOffsets(consumer.groupId, topic);
      if (main.size > 0) await kafka.setGroupOffsets(groupId, topic, main);
    });
    const handle = createSettler({
      afterMs,
      now: () => Date.now(),
      handle: createHandler(parts, deletion, stage),
    });
    await startDeletingConsumer(parts, stage, groupId, handle);
  }
}

async function startTailing(parts: Parts): Promise<void> {
  const { config, resources, metrics, health, log, onFailure, resetPosition } = parts;
  const changes = await untilAvailable(parts, () =>
    startProducerThread({
      ...config.kafka,
      clientId: `unstale-${config.name}`,
      logLevel: config.log.level,
    }),
  );
  resources.opened(changes, (opened) => opened.close());
  const tail = startTail({
    effects: createTailEffects({ ...parts, changes, health: health.stage('tail') }),
    health: health.stage('tail'),
    log: log.child({ stage: 'tail' }),
    observe: createTailObserver(metrics),
    resetPosition,
    onFailure,
    now: () => Date.now(),
  });
  resources.opened(tail, (opened) => opened.stop());
}

async function openProducer(
  waiting: Pick<PipelineOptions, 'log' | 'signal'>,
  kafka: KafkaClient,
  resources: Resources,
): Promise<KafkaProducer> {
  const producer = await untilAvailable(waiting, () => kafka.producer());
  return resources.opened(producer, (opened) => opened.close());
}

/** A server that is not there yet at start is waited for; one that refuses for good ends the start. */
function untilAvailable<T>(
  { log, signal }: Pick<PipelineOptions, 'log' | 'signal'>,
  attempt: () => Promise<T>,
): Promise<T> {
  const once = async (): Promise<T> => {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof UnstaleError && error.fate === 'retry') throw error;
      throw new AbortError(error instanceof Error ? error : String(error));
    }
  };
  return pRetry(once, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 500,
    maxTimeout: 5_000,
    signal,
    onFailedAttempt: ({ error }) => {
      if (error instanceof UnstaleError && error.fate === 'retry')
        log.warn({ err: error }, 'waiting for a server');
    },
  });
}
