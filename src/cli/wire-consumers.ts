import { type RunningConsumer, startConsumer } from '../clients/kafka-consumer.js';
import type { BatchHandler } from '../domain/batch.js';
import type { FailedTarget } from '../domain/failed-target.js';
import { createInvalidator } from '../invalidate/invalidator.js';
import type { UnreadableMessage } from '../invalidate/plan.js';
import { messagesBehind } from '../ops/lag.js';
import type { Logger } from '../ops/logger.js';
import { createSettler } from '../settle/settler.js';
import { park } from './dead.js';
import { settleGroupOf, settleStage } from './names.js';
import { type Parts, untilAvailable } from './parts.js';
import { startSampling } from './sampling.js';
import type { Deletion } from './wire-deletion.js';

/** Deletes what a batch of messages names; for the first look and for the second. */
function createHandler(parts: Parts, { deleteTargets, queue }: Deletion, stage: string): BatchHandler {
  const { mapping, metrics, health, config } = parts;
  const stageHealth = health.stage(stage);
  const logOutage = createOutageLog(parts.log.child({ stage }));
  const { consumer } = metrics;
  // What no mapping can read has been parked by the first look; what this mapping lacks may be new since then.
  const isOwn = ({ lost }: UnreadableMessage): boolean => stage === 'invalidate' || lost === 'keys';
  return createInvalidator({
    addTargets: (change, targets) => mapping.planFor(change.table)?.targetsOf(change, targets),
    deleteTargets,
    queueRetry: (failed) => queue.add(failed, stage),
    parkUnreadable: (messages, partition) => park(parts, messages.filter(isOwn), partition),
    observe: {
      batch({ messages, targets, removed, failed }) {
        stageHealth.progress();
        logOutage(targets, failed);
        consumer.deletedKeys.inc({ stage }, targets - failed.length);
        consumer.removedKeys.inc({ stage }, removed);
        consumer.failedKeys.inc({ stage }, failed.length);
        if (stage !== 'invalidate' || failed.length > 0) return;
        const nowMs = Date.now();
        for (const { timestamp } of messages)
          consumer.publishToDeleteSeconds.observe((nowMs - Number(timestamp)) / 1_000);
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

/** Says once that keys cannot be deleted, and once that they can again. They are safe in the queue meanwhile. */
function createOutageLog(log: Logger): (targets: number, failed: readonly FailedTarget[]) => void {
  let failing = false;
  return (targets, [first, ...others]) => {
    if (first !== undefined && !failing) {
      const details = { keys: others.length + 1, reason: first.error };
      log.warn(details, 'keys cannot be deleted, and go to the retry queue');
      failing = true;
    } else if (first === undefined && targets > 0 && failing) {
      log.info('keys are deleted again');
      failing = false;
    }
  };
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
          health.stage(stage).ready(`reads ${count} of ${partitions} partitions`);
        },
        handled(messages) {
          metrics.consumer.messages.inc({ stage }, messages);
        },
        paused(count) {
          metrics.consumer.pausedPartitions.set({ stage }, count);
        },
      },
    });
  const running = await untilAvailable(parts, open);
  resources.opened(running, (opened) => opened.stop());
  startSampling(parts, async () => {
    const [starts, ends] = await Promise.all([kafka.startOffsets(topic), kafka.endOffsets(topic)]);
    const committed = await kafka.groupOffsets(groupId, topic);
    metrics.consumer.lagMessages.set({ stage }, messagesBehind(committed, { starts, ends }));
  });
}

/**
 * Gives new settle groups their offsets, durably and before the first look commits any: a group that had none after a
 * crash would be taken for a new one, and would never settle what was deleted before. A new group has nothing to
 * settle that the first look did long ago.
 */
export async function prepareSettleGroups(parts: Parts): Promise<void> {
  const { config, kafka } = parts;
  const { topic, consumer } = config.kafka;
  for (const index of config.settle.afterMs.keys()) {
    const groupId = settleGroupOf(config, index);
    await untilAvailable(parts, async () => {
      if ((await kafka.groupOffsets(groupId, topic)).size > 0) return;
      const [starts, main] = await Promise.all([
        kafka.startOffsets(topic),
        kafka.groupOffsets(consumer.groupId, topic),
      ]);
      await kafka.setGroupOffsets(groupId, topic, new Map([...(starts ?? []), ...main]));
    });
  }
}

export async function startSettling(parts: Parts, deletion: Deletion): Promise<void> {
  const { config } = parts;
  for (const [index, afterMs] of config.settle.afterMs.entries()) {
    const stage = settleStage(index);
    const handle = createSettler({
      afterMs,
      now: () => Date.now(),
      handle: createHandler(parts, deletion, stage),
    });
    await startDeletingConsumer(parts, stage, settleGroupOf(config, index), handle);
  }
}
