import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import logUpdate from 'log-update';
import { type KafkaClient, createKafkaClient } from '../clients/kafka.js';
import { openMysqlSession } from '../clients/mysql.js';
import { connectQueue } from '../clients/queue.js';
import type { Config } from '../config/schema.js';
import { newestCheckpoint } from '../domain/checkpoint.js';
import { describePosition } from '../domain/position.js';
import { type LagEvidence, type LagReport, computeLag, exceeds, messagesBehind } from '../ops/lag.js';
import type { Logger } from '../ops/logger.js';
import { checkpointTopic } from '../publish/topics.js';
import { createResources } from './resources.js';
import { deadLetterTopicOf, settleGroupOf } from './names.js';

export interface LagOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly json: boolean;
  readonly watch: boolean;
  /** Beyond this the exit code is 3; undefined: never. */
  readonly maxMs: number | undefined;
  readonly signal: AbortSignal;
}

const WATCH_EVERY_MS = 2_000;
const CHECKPOINT_TIMEOUT_MS = 15_000;
const EXIT_FOUND = 3;

/** Asks the servers, not a running process: it works while unstale is down, and then most of all. */
export async function lag({ config, log, json, watch, maxMs, signal }: LagOptions): Promise<number> {
  const resources = createResources((error) => {
    log.debug({ err: error }, 'something did not close cleanly');
  });
  const kafka = createKafkaClient({ ...config.kafka, clientId: `unstale-${config.name}-lag`, log });
  resources.opened(kafka, (opened) => opened.close());
  const queue = connectQueue({ url: config.queue.url, name: config.name, log });
  resources.opened(queue, (opened) => opened.close());
  const measure = async (): Promise<LagReport> => {
    const evidence = await gather(config, kafka, () => queue.stats());
    return computeLag(evidence, ({ position }) => describePosition(position));
  };
  try {
    let report = await measure();
    if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    else if (!watch) process.stdout.write(`${renderLag(report)}\n`);
    while (watch && !signal.aborted) {
      if (!json) logUpdate(renderLag(report));
      await sleep(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined); // woken by Ctrl-C
      report = await measure();
      if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    const problem = maxMs === undefined ? undefined : exceeds(report, maxMs);
    if (problem === undefined) return 0;
    process.stderr.write(`${problem}\n`);
    return EXIT_FOUND;
  } finally {
    await resources.closeAll();
  }
}

async function gather(
  config: Config,
  kafka: KafkaClient,
  queueStats: () => Promise<LagEvidence['retry']>,
): Promise<LagEvidence> {
  const { topic, consumer } = config.kafka;
  const groups = [
    { stage: 'invalidate', group: consumer.groupId },
    ...config.settle.afterMs.map((_, index) => ({
      stage: `settle-${index + 1}`,
      group: settleGroupOf(config, index),
    })),
  ];
  const checkpoint = await readCheckpoint(config, kafka);
  const [ahead, ends, starts, committed, retry, deadLetters] = await Promise.all([
    checkpoint === undefined ? undefined : askSource(config, checkpoint.position),
    kafka.endOffsets(topic),
    kafka.startOffsets(topic),
    Promise.all(groups.map(({ group }) => kafka.groupOffsets(group, topic))),
    queueStats(),
    countMessages(kafka, deadLetterTopicOf(config)),
  ]);
  return {
    nowMs: Date.now(),
    checkpoint,
    ahead,
    ends,
    starts,
    groups: groups.map((group, index) => ({
      ...group,
      committed: committed[index] ?? new Map<number, bigint>(),
    })),
    retry,
    deadLetters,
  };
}

async function readCheckpoint(config: Config, kafka: KafkaClient): Promise<LagEvidence['checkpoint']> {
  const { name } = checkpointTopic(config.name);
  if ((await kafka.endOffsets(name)) === undefined) return undefined;
  return newestCheckpoint(await kafka.readAll(name, CHECKPOINT_TIMEOUT_MS));
}

async function askSource(
  { mysql: { url } }: Config,
  position: NonNullable<LagEvidence['checkpoint']>['position'],
): Promise<LagEvidence['ahead']> {
  const session = await openMysqlSession({ url });
  try {
    return await session.ahead(position);
  } finally {
    await session.close();
  }
}

async function countMessages(kafka: KafkaClient, topic: string): Promise<number> {
  const [ends, starts] = await Promise.all([kafka.endOffsets(topic), kafka.startOffsets(topic)]);
  return messagesBehind(new Map(), { starts, ends });
}

/** One line a stage, for people. */
export function renderLag({ tail, groups, retry, deadLetters }: LagReport): string {
  const table = new Table({ head: ['stage', 'behind', 'where'], style: { head: [], border: [] } });
  const seconds = tail.seconds === null ? 'no checkpoint yet' : `${tail.seconds.toFixed(1)} s`;
  const bytes = tail.bytes === null ? '' : `, ${tail.bytes} bytes`;
  table.push(['tail', `${seconds}${bytes}`, tail.position ?? '']);
  for (const { stage, group, messages } of groups) table.push([stage, `${messages} messages`, group]);
  const overdue =
    retry.oldestOverdueSeconds > 0 ? `, oldest overdue for ${retry.oldestOverdueSeconds.toFixed(1)} s` : '';
  table.push(['retry', `${retry.jobs} jobs${overdue}`, '']);
  table.push(['dead letters', `${deadLetters} records`, '']);
  return table.toString();
}
