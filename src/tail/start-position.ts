import type { Checkpoint } from '../domain/checkpoint.js';
import { type Position, describePosition } from '../domain/position.js';
import { UnstaleError } from '../errors.js';
import type { ServerFacts } from './server-check.js';
import { GIVE_POSITION_UP } from './way-out.js';

/** How a stored position relates to a server: still there, deleted with old binlogs, not yet reached, another's. */
export type PositionRelation = 'available' | 'purged' | 'ahead' | 'foreign';

/** The server's end: where a first start begins. */
export function currentPosition(facts: ServerFacts): Position {
  const { file, offset } = facts;
  return facts.gtid
    ? { kind: 'gtid', gtidSet: facts.gtidExecuted, file, offset }
    : { kind: 'file', serverUuid: facts.uuid, file, offset };
}

/** What is known when a tail has to decide where to begin. */
export interface StartEvidence {
  readonly checkpoint: Checkpoint | undefined;
  /** Whether the change topic holds messages or a group has offsets: then this is no first start. */
  readonly hasHistory: boolean;
  readonly facts: ServerFacts;
  /** Of the checkpoint's position to this server; not asked for without a checkpoint. */
  readonly relation: PositionRelation | undefined;
  /** The operator gave the old position up (`run --reset-position`). */
  readonly reset: boolean;
}

/**
 * Where to begin reading: never without an explicit position, since zongji then starts at the oldest binlog.
 * @throws UnstaleError POSITION_LOST where changes were missed
 */
export function decideStart({ checkpoint, hasHistory, facts, relation, reset }: StartEvidence): Position {
  if (reset) return currentPosition(facts);
  if (checkpoint === undefined) {
    if (!hasHistory) return currentPosition(facts);
    throw lost('the change topic has messages or offsets, but there is no checkpoint');
  }
  switch (relation) {
    case 'available':
      return checkpoint.position;
    case 'purged':
      throw lost(`the server has deleted binlogs behind ${describePosition(checkpoint.position)}`);
    case 'ahead':
      throw lost(
        `the server lacks transactions up to ${describePosition(checkpoint.position)} (restored, or failed over)`,
      );
    case 'foreign':
    case undefined:
      throw lost(`the position ${describePosition(checkpoint.position)} is not one of this server`);
  }
}

function lost(why: string): UnstaleError {
  return new UnstaleError(
    'POSITION_LOST',
    `The binlog position is lost: ${why}. Changes may have been missed. To go on from the server's present end, ${GIVE_POSITION_UP}`,
  );
}
