import type { Checkpoint } from '../domain/checkpoint.js';
import type { Progress } from './progress.js';

export interface CheckpointWriterOptions {
  readonly progress: Progress;
  readonly epoch: number;
  /** @throws UnstaleError LEADER_LOST */
  readonly demandLeadership: () => void;
  /** Resolves when it is durable. */
  readonly write: (checkpoint: Checkpoint) => Promise<void>;
  /** A periodic write failed. */
  readonly onFailure: (error: unknown) => void;
}

export interface CheckpointWriter {
  /** Writes how far the session is, unless that is written already. */
  write(): Promise<void>;
  stop(): void;
}

const EVERY_MS = 1_000;

/** Writes at most once a second, and one after another, so that an older one never lands behind a newer one. */
export function startCheckpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  const { progress, epoch, demandLeadership, write, onFailure } = options;
  let written = '';
  let writing: Promise<void> = Promise.resolve();
  const writeOnce = async (): Promise<void> => {
    const checkpoint: Checkpoint = {
      position: progress.position(),
      currentAtMs: progress.currentAtMs,
      epoch,
    };
    const text = JSON.stringify(checkpoint);
    if (text === written) return;
    demandLeadership();
    await write(checkpoint);
    written = text;
  };
  const writeNext = (): Promise<void> => {
    writing = writing.then(writeOnce);
    return writing;
  };
  const timer = setInterval(() => void writeNext().catch(onFailure), EVERY_MS);
  return {
    write: writeNext,
    stop() {
      clearInterval(timer);
    },
  };
}
