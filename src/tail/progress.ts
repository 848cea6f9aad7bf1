import type { CommitMark, Position } from '../domain/position.js';

/** A set of executed transactions that grows one by one. */
export interface ExecutedGtids {
  add(gtid: string): void;
  toString(): string;
}

/** How far a session has published. Moved by the acknowledgement window alone. */
export interface Progress {
  advance(mark: CommitMark): void;
  /** At this moment the source has nothing newer than this place, and everything read is acknowledged. */
  caughtUp(atMs: number, place: { readonly file: string; readonly offset: number }): void;
  position(): Position;
  readonly currentAtMs: number;
}

export function createProgress(
  start: Position,
  parseGtids: (text: string) => ExecutedGtids,
  currentAtMs: number,
): Progress {
  const gtids = start.kind === 'gtid' ? parseGtids(start.gtidSet) : undefined;
  let { file, offset } = start;
  return {
    advance(mark) {
      if (mark.gtid !== undefined) gtids?.add(mark.gtid);
      ({ file, offset } = mark);
      currentAtMs = Math.max(currentAtMs, mark.loggedAtMs);
    },
    caughtUp(atMs, place) {
      ({ file, offset } = place);
      currentAtMs = Math.max(currentAtMs, atMs);
    },
    position: () =>
      start.kind === 'gtid'
        ? { kind: 'gtid', gtidSet: gtids?.toString() ?? '', file, offset }
        : { kind: 'file', serverUuid: start.serverUuid, file, offset },
    get currentAtMs() {
      return currentAtMs;
    },
  };
}
