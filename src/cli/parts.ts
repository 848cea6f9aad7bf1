/** What every stage is made of, besides its own clients. */
import pRetry, { AbortError } from 'p-retry';
import { type KafkaClient, type KafkaProducer, createKafkaClient } from '../clients/kafka.js';
import { createWebhook } from '../clients/webhook.js';
import type { Config } from '../config/schema.js';
import { UnstaleError } from '../errors.js';
import { type Mapping, compileMapping } from '../mapping/mapping.js';
import { type Alerts, createAlerts } from '../ops/alerts.js';
import { type Health, createHealth, startHealthWatch } from '../ops/health.js';
import type { Logger } from '../ops/logger.js';
import { type Metrics, createMetrics } from '../ops/metrics.js';
import { createOpsServer } from '../ops/server.js';
import { checkpointTopic, deadLetterTopic, messageTopic } from '../publish/topics.js';
import { deadLetterTopicOf, settleStage } from './names.js';
import type { Resources } from './resources.js';
import type { StageName } from './stages.js';

export interface PipelineOptions {
  readonly config: Config;
  readonly stages: ReadonlySet<StageName>;
  readonly resetPosition: boolean;
  /** Whether metrics and health are served; a command beside a running pipeline does not. */
  readonly serve: boolean;
  readonly log: Logger;
  /** A stage cannot go on: the process should stop the pipeline and end. */
  readonly onFailure: (error: UnstaleError) => void;
  readonly signal: AbortSignal;
}

/** All that stages are made of. */
export interface Parts extends PipelineOptions {
  readonly resources: Resources;
  readonly mapping: Mapping;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly alerts: Alerts;
  readonly kafka: KafkaClient;
  readonly sideline: KafkaProducer;
}

export async function buildParts(options: PipelineOptions, resources: Resources): Promise<Parts> {
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
  if (options.serve) await serveOps(options, { metrics, health }, resources);
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
    await kafka.ensureTopic(deadLetterTopic(deadLetterTopicOf(config)));
    await kafka.ensureTopic(checkpointTopic(config.name));
  });
  const sideline = await openProducer(options, kafka, resources);
  const onFailure = (error: UnstaleError): void => {
    alerts.alert({
      event: 'halted',
      title: `unstale has halted: ${error.code}`,
      details: { message: error.message },
    });
    options.onFailure(error);
  };
  return { ...options, onFailure, resources, mapping, metrics, health, alerts, kafka, sideline };
}

async function serveOps(
  { config, log }: PipelineOptions,
  { metrics, health }: { readonly metrics: Metrics; readonly health: Health },
  resources: Resources,
): Promise<void> {
  const server = resources.opened(createOpsServer({ ...config.ops, metrics, health }), (opened) =>
    opened.stop(),
  );
  const { port } = await server.start();
  log.info({ address: `http://${config.ops.host}:${port}` }, 'metrics and health are served');
}

/** As health and metrics name them: settling has a stage for each delay. */
function stageNames({ stages, config }: PipelineOptions): string[] {
  return [...stages].flatMap((stage) =>
    stage === 'settle' ? config.settle.afterMs.map((_, index) => settleStage(index)) : [stage],
  );
}

export async function openProducer(
  waiting: Pick<PipelineOptions, 'log' | 'signal'>,
  kafka: KafkaClient,
  resources: Resources,
): Promise<KafkaProducer> {
  const producer = await untilAvailable(waiting, () => kafka.producer());
  return resources.opened(producer, (opened) => opened.close());
}

/** A server that is not there yet at start is waited for; one that refuses for good ends the start. */
export function untilAvailable<T>(
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
