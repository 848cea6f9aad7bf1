/** How far the pipeline has come, asked of the servers: the stages may run in other processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaClient } from '../clients/kafka.js';
import type { QueueClient } from '../clients/queue.js';
import type { Config } from '../config/schema.js';
import { UnstaleError } from '../errors.js';
import type { Mapping } from '../mapping/mapping.js';
import { messagesBehind } from '../ops/lag.js';
import { followCheckpoints } from './checkpoint-follower.js';
import type { PipelineView, TopicOffsets } from '../reconcile/confirm.js';
import type { TableReader } from '../reconcile/effects.js';
import { suspectId } from '../reconcile/suspect.js';
import { concerned } from '../reconcile/topic-search.js';
import { parseJob } from '../retry/job.js';
import { targetId, type CacheKey } from '../domain/cache-key.js';
import { settleGroupOf } from './names.js';

export interface PipelineViewOptions {
  readonly config: Config;
  readonly kafka: KafkaClient;
  readonly mapping: Mapping;
  readonly source: Pick<TableReader, 'executed' | 'covers'>;
  readonly queue: Pick<QueueClient, 'eachJob' | 'stats'>;
}

const LOOK_EVERY_MS = 250;
/** Once it was waited for in vain: a run with many differences would take for ever otherwise. */
const AFTER_IN_VAIN_MS = 5_000;
const READ_MAX_MS = 60_000;
/** More are not looked through: then every key counts as waiting. */
const RETRY_JOBS_MAX = 10_000;

export function createPipelineView(options: PipelineViewOptions): PipelineView & { close(): Promise<void> } {
  const { config, kafka, source, queue } = options;
  const { topic, consumer } = config.kafka;
  const groups = [consumer.groupId, ...config.settle.afterMs.map((_, index) => settleGroupOf(config, index))];
  const checkpoints = followCheckpoints(config.name, kafka);
  // Settling waits by itself, and that is no reason to give up.
  const settlesInMs = Math.max(0, ...config.settle.afterMs);
  let patienceMs = config.reconcile.waitMaxMs;
  const topicEnds = async (): Promise<TopicOffsets> =>
    (await kafka.endOffsets(topic)) ?? new Map<number, bigint>();

  const until = async (isSo: () => Promise<string | undefined>, signal: AbortSignal): Promise<void> => {
    const deadlineMs = performance.now() + settlesInMs + patienceMs;
    for (;;) {
      const behind = await isSo();
      if (behind === undefined) {
        patienceMs = config.reconcile.waitMaxMs;
        return;
      }
      if (performance.now() > deadlineMs) {
        patienceMs = Math.min(patienceMs, AFTER_IN_VAIN_MS);
        throw new UnstaleError('PIPELINE_BEHIND', behind);
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  };
  const untilPublished = async (signal: AbortSignal): Promise<void> => {
    const watermark = await source.executed();
    await checkpoints.start();
    await until(async () => {
      const checkpoint = checkpoints.newest();
      if (checkpoint === undefined) return 'there is no checkpoint: does a tail run?';
      return (await source.covers(checkpoint.position, watermark))
        ? undefined
        : 'the tail has not published all that MySQL has executed: does it run?';
    }, signal);
  };
  return {
    topicEnds,
    untilPublished,
    async untilApplied(signal) {
      await untilPublished(signal);
      const [ends, starts] = await Promise.all([topicEnds(), kafka.startOffsets(topic)]);
      for (const group of groups) {
        await until(async () => {
          const behind = messagesBehind(await kafka.groupOffsets(group, topic), { starts, ends });
          return behind === 0 ? undefined : `the group ${group} is ${behind} messages behind: does it run?`;
        }, signal);
      }
    },
    changedBetween: (from, to, suspects) => changedBetween(from, to, suspects, options),
    retryPending: (suspects) => retryPending(suspects, queue),
    close: () => checkpoints.stop(),
  };
}

type Suspects = Parameters<PipelineView['retryPending']>[0];

async function changedBetween(
  from: TopicOffsets,
  to: TopicOffsets,
  suspects: Suspects,
  { kafka, config, mapping }: PipelineViewOptions,
): Promise<ReadonlySet<string>> {
  const ids = new Set(suspects.map(suspectId));
  const found = new Set<string>();
  const ranges = [...to].map(
    ([partition, end]) => [partition, { from: from.get(partition) ?? 0n, to: end }] as const,
  );
  await kafka.readRanges({
    topic: config.kafka.topic,
    ranges: new Map(ranges),
    timeoutMs: READ_MAX_MS,
    onMessages: (_partition, messages) => {
      for (const id of concerned(messages, ids, mapping)) found.add(id);
    },
  });
  return found;
}

async function retryPending(
  suspects: Suspects,
  queue: PipelineViewOptions['queue'],
): Promise<ReadonlySet<string>> {
  const all = new Set(suspects.map(suspectId));
  if ((await queue.stats()).depth === 0) return new Set();
  const waiting = new Set<string>();
  const isComplete = await queue.eachJob(RETRY_JOBS_MAX, (data) => {
    for (const id of idsOfJob(data)) if (all.has(id)) waiting.add(id);
  });
  return isComplete ? waiting : all;
}

/** None for what is no job of ours; the worker buries it. */
function idsOfJob(data: unknown): string[] {
  try {
    return parseJob(data).targets.map(({ key, field }) =>
      targetId(field === undefined ? { key: key as CacheKey } : { key: key as CacheKey, field }),
    );
  } catch (error) {
    if (error instanceof UnstaleError && error.fate === 'park') return [];
    throw error;
  }
}
