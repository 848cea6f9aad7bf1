import { type RunningConsumer, startConsumer } from '../clients/kafka-consumer.js';
import type { BatchHandler } from '../domain/batch.js';
import { createInvalidator } from '../invalidate/invalidator.js';
import { createSettler } from '../settle/settler.js';
import { park } from './dead.js';
import { settleGroupOf, settleStage } from './names.js';
import { type Parts, untilAvailable } from './parts.js';
import type { Deletion } from './wire-deletion.js';

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

export async function startInvalidating(parts: Parts, deletion: Deletion): Promise<void> {
  const { groupId } = parts.config.kafka.consumer;
  await startDeletingConsumer(parts, 'invalidate', groupId, createHandler(parts, deletion, 'invalidate'));
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

export async function startSettling(parts: Parts, deletion: Deletion): Promise<void> {
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
