/**
 * Runs a batch handler as a kafkajs consumer group, within the rules that kafkajs imposes: a broker's next fetch waits
 * for all batches of the last one, so a handler that cannot go on gives back, and its partition is paused; heartbeats
 * come between chunks, never from a timer, so that a stuck handler loses its partitions.
 */
import { type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import type { BatchHandler, BatchOutcome, IncomingMessage } from '../domain/batch.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: number;
  /** Messages handed over between two heartbeats. */
  readonly maxPollRecords: number;
  readonly maxPollIntervalMs: number;
  readonly handle: BatchHandler;
  readonly log: Logger;
  readonly observe: ConsumerObserver;
  /** The consumer cannot go on in this process. */
  readonly onFailure: (error: UnstaleError) => void;
}

export interface ConsumerObserver {
  /** The group has given this member its partitions. */
  assigned(partitions: number): void;
  handled(messages: number): void;
  paused(partitions: number): void;
}

export interface RunningConsumer {
  /** Ends after the batch in hand, commits what is done, leaves the group. */
  stop(): Promise<void>;
}

const BATCH_BUDGET_MS = 1_000;
/**
 * How long the group waits for a member that was killed: until then its partitions stand still, and a restarted
 * process with them. The least that brokers allow by default (group.min.session.timeout.ms).
 */
const SESSION_TIMEOUT_MS = 6_000;
const COMMIT_EVERY_MS = 1_000;
/** With nothing to fetch kafkajs sleeps this long, and a resumed partition waits for it. */
const FETCH_WAIT_MS = 250;
/**
 * kafkajs decodes a whole answer in one go, and nothing else happens meanwhile; what a handler gives back is fetched and
 * decoded again. So answers are kept small; a larger message comes all the same.
 */
const FETCH_PARTITION_BYTES = 32 * 1_024;

export async function startConsumer(options: ConsumerOptions): Promise<RunningConsumer> {
  const { topic, groupId, log, observe } = options;
  const consumer = options.kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    sessionTimeout: SESSION_TIMEOUT_MS,
    heartbeatInterval: SESSION_TIMEOUT_MS / 4,
    rebalanceTimeout: options.maxPollIntervalMs,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: FETCH_PARTITION_BYTES,
    retry: { retries: 10, restartOnFailure: () => Promise.resolve(true) },
  });
  const commits = createCommits(consumer, topic, log);
  const pauses = createPauses(consumer, topic, observe);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const mine = new Set(payload.memberAssignment[topic] ?? []);
    commits.keepOnly(mine);
    observe.assigned(mine.size);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    log.warn({ err: payload.error, groupId }, 'the consumer crashed');
    if (payload.restart) return;
    const message = `The consumer of group ${groupId} ended: ${messageOf(payload.error)}.`;
    options.onFailure(new UnstaleError('STAGE_STALLED', message, { cause: payload.error }));
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true }); // else an offset out of range skips to the end
  const loop = createBatchLoop(options, commits, pauses);
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.partitions,
    eachBatch: loop.eachBatch,
  });
  let stopping: Promise<void> | undefined;
  return {
    stop() {
      stopping ??= stopConsumer(consumer, loop, commits, pauses);
      return stopping;
    },
  };
}

/** kafkajs leaves the group in `stop`, and commits are refused afterwards: so the loop comes to rest first. */
async function stopConsumer(
  consumer: Consumer,
  loop: BatchLoop,
  commits: Commits,
  pauses: Pauses,
): Promise<void> {
  pauses.stop();
  await loop.rest();
  await commits.stop();
  await consumer.disconnect();
}

interface BatchLoop {
  eachBatch(payload: EachBatchPayload): Promise<void>;
  /** Takes no further chunk, and resolves when none is in hand. */
  rest(): Promise<void>;
}

function createBatchLoop(options: ConsumerOptions, commits: Commits, pauses: Pauses): BatchLoop {
  const { handle, maxPollRecords, observe, onFailure } = options;
  const inHand = new Set<Promise<BatchOutcome>>();
  let resting = false;

  const handleChunk = async (partition: number, messages: IncomingMessage[]): Promise<BatchOutcome> => {
    const handling = handle({ partition, messages }).catch((error: unknown) => {
      // kafkajs would end the consumer for good on a TypeError, and begin again for ever on others.
      onFailure(
        error instanceof UnstaleError ? error : new UnstaleError('BUG', messageOf(error), { cause: error }),
      );
      return { handled: 0, retryInMs: BATCH_BUDGET_MS };
    });
    inHand.add(handling);
    return handling.finally(() => inHand.delete(handling));
  };
  return {
    async eachBatch({ batch: { partition, messages }, resolveOffset, heartbeat, isRunning, isStale }) {
      const startedAtMs = performance.now();
      for (let from = 0; from < messages.length; from += maxPollRecords) {
        if (resting || !isRunning() || isStale()) return;
        const chunk = messages.slice(from, from + maxPollRecords);
        const { handled, retryInMs } = await handleChunk(partition, chunk);
        const last = chunk[handled - 1];
        if (last !== undefined) {
          resolveOffset(last.offset);
          commits.done(partition, BigInt(last.offset) + 1n);
          observe.handled(handled);
        }
        if (handled < chunk.length) {
          pauses.pause(partition, retryInMs);
          return;
        }
        await heartbeat();
        if (performance.now() - startedAtMs > BATCH_BUDGET_MS) return; // the rest is fetched again
      }
    },
    async rest() {
      resting = true;
      await Promise.all(inHand);
    },
  };
}

interface Commits {
  done(partition: number, nextOffset: bigint): void;
  keepOnly(partitions: ReadonlySet<number>): void;
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Commits at most once a second what is done (guarantee 2: only `done` offsets are ever committed). */
function createCommits(consumer: Consumer, topic: string, log: Logger): Commits {
  let pending = new Map<number, bigint>();
  const flush = async (): Promise<void> => {
    if (pending.size === 0) return;
    const offsets = [...pending].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
    const taken = pending;
    pending = new Map();
    try {
      await consumer.commitOffsets(offsets);
    } catch (error) {
      // During a rebalance; the messages come again, here or elsewhere, and deleting twice is harmless.
      log.debug({ err: error }, 'offsets could not be committed now');
      pending = new Map([...taken, ...pending]);
    }
  };
  const timer = setInterval(() => void flush(), COMMIT_EVERY_MS);
  return {
    done(partition, nextOffset) {
      pending.set(partition, nextOffset);
    },
    keepOnly(partitions) {
      for (const partition of pending.keys()) if (!partitions.has(partition)) pending.delete(partition);
    },
    flush,
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}

interface Pauses {
  pause(partition: number, forMs: number): void;
  stop(): void;
}

function createPauses(consumer: Consumer, topic: string, observe: ConsumerObserver): Pauses {
  const timers = new Map<number, NodeJS.Timeout>();
  return {
    pause(partition, forMs) {
      consumer.pause([{ topic, partitions: [partition] }]);
      clearTimeout(timers.get(partition));
      const resume = (): void => {
        timers.delete(partition);
        observe.paused(timers.size);
        consumer.resume([{ topic, partitions: [partition] }]);
      };
      timers.set(partition, setTimeout(resume, forMs));
      observe.paused(timers.size);
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
