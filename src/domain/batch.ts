/** A Kafka message as consumers get it. `timestamp` is ms since 1970, by the producer's clock. */
export interface IncomingMessage {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
}

export interface IncomingBatch {
  readonly partition: number;
  readonly messages: readonly IncomingMessage[];
}

/**
 * How far a handler came: the first `handled` messages are done for good, and their offsets may be committed. The
 * others, if any, are to come again after `retryInMs`; until then the partition waits.
 */
export interface BatchOutcome {
  readonly handled: number;
  readonly retryInMs: number;
}

/** Never waits for something that may take long: it gives back what it could not do. */
export type BatchHandler = (batch: IncomingBatch) => Promise<BatchOutcome>;
