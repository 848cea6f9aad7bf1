import type { PackedBatch } from './message-batch.js';

export type Send = (batch: PackedBatch) => Promise<void>;

export interface SenderOptions {
  /** Sends from this thread: quick for a few messages, since nobody has to be woken. One at a time. */
  readonly near: Send;
  /** Hands over to another thread, which keeps the order of what it gets: for much, since this thread stays free. */
  readonly far: Send;
}

/** Above this, encoding costs more than waking the other thread. */
const NEAR_BYTES_MAX = 16 * 1_024;

/**
 * Joins both into one sender that keeps the order (guarantee 3): nothing goes near while something is far, nor far
 * while something is near. Once a call has failed, those that waited for it fail with it.
 */
export function createSender({ near, far }: SenderOptions): Send {
  let farCount = 0;
  let nearest: Promise<void> | undefined;

  const sendFar = async (batch: PackedBatch): Promise<void> => {
    farCount += 1;
    try {
      await nearest;
      await far(batch);
    } finally {
      farCount -= 1;
    }
  };
  return (batch) => {
    if (farCount > 0 || nearest !== undefined || batch.bytes.length > NEAR_BYTES_MAX) return sendFar(batch);
    nearest = near(batch).finally(() => {
      nearest = undefined;
    });
    return nearest;
  };
}
