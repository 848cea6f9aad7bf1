import { z } from 'zod';
import { UnstaleError } from '../errors.js';
import type { Position } from './position.js';

/** What the checkpoint topic holds: up to where everything is published. */
export interface Checkpoint {
  readonly position: Position;
  /** Grows by one with every new leader; of several records the highest wins. */
  readonly epoch: number;
  /** All transactions committed before this time are published, by the tail's clock, in ms since 1970. */
  readonly currentAtMs: number;
}

const place = { file: z.string(), offset: z.number() };
const recordSchema = z.object({
  v: z.literal(1),
  epoch: z.number(),
  currentAtMs: z.number(),
  position: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('gtid'), gtidSet: z.string(), ...place }),
    z.object({ kind: z.literal('file'), serverUuid: z.string(), ...place }),
  ]),
});

export function encodeCheckpoint(checkpoint: Checkpoint): string {
  return JSON.stringify({ v: 1, ...checkpoint });
}

/**
 * The record that counts: the last of those with the highest epoch, so that a leader that was deposed and still
 * writes is not believed.
 * @throws UnstaleError CHECKPOINT_UNREADABLE on any damaged record
 */
export function newestCheckpoint(records: readonly Buffer[]): Checkpoint | undefined {
  let newest: Checkpoint | undefined;
  for (const record of records) {
    const checkpoint = decode(record);
    if (newest === undefined || checkpoint.epoch >= newest.epoch) newest = checkpoint;
  }
  return newest;
}

function decode(record: Buffer): Checkpoint {
  try {
    const { position, epoch, currentAtMs } = recordSchema.parse(JSON.parse(record.toString('utf8')));
    return { position, epoch, currentAtMs };
  } catch (cause) {
    const text = record.toString('utf8', 0, 200);
    throw new UnstaleError('CHECKPOINT_UNREADABLE', `The checkpoint record is damaged: ${text}`, { cause });
  }
}
