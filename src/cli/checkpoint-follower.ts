import type { KafkaClient } from '../clients/kafka.js';
import type { Following } from '../clients/kafka-reader.js';
import { type Checkpoint, newestCheckpoint } from '../domain/checkpoint.js';
import { checkpointTopic } from '../publish/topics.js';

/** Knows the newest checkpoint, from its start on. */
export interface CheckpointFollower {
  start(): Promise<void>;
  newest(): Checkpoint | undefined;
  stop(): Promise<void>;
}

export function followCheckpoints(name: string, kafka: Pick<KafkaClient, 'follow'>): CheckpointFollower {
  let newest: Checkpoint | undefined;
  let following: Promise<Following> | undefined;
  const take = (value: Buffer): void => {
    const checkpoint = newestCheckpoint([value]);
    if (checkpoint !== undefined && checkpoint.epoch >= (newest?.epoch ?? 0)) newest = checkpoint;
  };
  return {
    async start() {
      following ??= kafka.follow(checkpointTopic(name).name, take);
      await following.catch((error: unknown) => {
        following = undefined;
        throw error;
      });
    },
    newest: () => newest,
    async stop() {
      await (await following?.catch(() => undefined))?.stop(); // what never began needs no end
    },
  };
}
