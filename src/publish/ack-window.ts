import type { CommitMark } from '../domain/position.js';

/** Follows which transactions Kafka has acknowledged in full. */
export interface AckWindow {
  /** `count` more messages wait for acknowledgement. */
  pushed(count: number): void;
  /** A transaction ends here: all its messages have been pushed. */
  committed(mark: CommitMark): void;
  /** The `count` oldest messages are acknowledged. */
  acknowledged(count: number): void;
  /** Transactions whose messages are not all acknowledged. */
  readonly openMarks: number;
}

/**
 * Holds guarantee 1: a mark is handed to `advance` only when every message pushed before it is acknowledged.
 * Messages are acknowledged in the order in which they were pushed, since one send is in flight at a time.
 */
export function createAckWindow(advance: (mark: CommitMark) => void): AckWindow {
  let pushedTotal = 0;
  let acknowledgedTotal = 0;
  let open: { readonly behind: number; readonly mark: CommitMark }[] = [];

  const advanceWhereComplete = (): void => {
    const complete = open.findIndex(({ behind }) => behind > acknowledgedTotal);
    const ready = complete === -1 ? open : open.slice(0, complete);
    if (ready.length === 0) return;
    open = open.slice(ready.length);
    for (const { mark } of ready) advance(mark);
  };
  return {
    pushed(count) {
      pushedTotal += count;
    },
    committed(mark) {
      open.push({ behind: pushedTotal, mark });
      if (acknowledgedTotal === pushedTotal) advanceWhereComplete();
    },
    acknowledged(count) {
      acknowledgedTotal += count;
      advanceWhereComplete();
    },
    get openMarks() {
      return open.length;
    },
  };
}
