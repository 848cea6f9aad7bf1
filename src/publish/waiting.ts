import { type MessageBatch, createMessageBatch } from './message-batch.js';

/** Batches in the order of their messages; the last one is still being filled. */
export interface Waiting {
  /** True when a batch has become full by it. */
  append(key: string, value: string): boolean;
  take(): MessageBatch | undefined;
  takeFull(): MessageBatch | undefined;
  /** A batch that was taken needs no memory any more. */
  sent(batch: MessageBatch): void;
  drop(): void;
  /** Of what waits and of what is in flight. */
  readonly sizeBytes: number;
}

export function createWaiting(partitions: number): Waiting {
  let batches: MessageBatch[] = [];
  let sizeBytes = 0;
  return {
    append(key, value) {
      const last = batches.at(-1);
      const before = last?.sizeBytes ?? 0;
      if (last?.append(key, value) === true) {
        sizeBytes += last.sizeBytes - before;
        return false;
      }
      const next = createMessageBatch(partitions);
      next.append(key, value);
      sizeBytes += next.sizeBytes;
      batches.push(next);
      return last !== undefined;
    },
    take: () => batches.shift(),
    takeFull: () => (batches.length > 1 ? batches.shift() : undefined),
    sent(batch) {
      sizeBytes -= batch.sizeBytes;
    },
    drop() {
      batches = [];
    },
    get sizeBytes() {
      return sizeBytes;
    },
  };
}
