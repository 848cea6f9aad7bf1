/**
 * A place in the binlog behind which everything is known to be published.
 *
 * `gtid` is the set of executed transactions, and means the same on every server of a topology; `file` is a file
 * name and byte offset, and means something only on the server with that uuid. Both carry file and offset, since
 * lag in bytes is counted in them.
 */
export type Position =
  | { readonly kind: 'gtid'; readonly gtidSet: string; readonly file: string; readonly offset: number }
  | { readonly kind: 'file'; readonly serverUuid: string; readonly file: string; readonly offset: number };

/** The place right behind one transaction, as the binlog tells it. `gtid` is absent where the server has none. */
export interface CommitMark {
  readonly gtid?: string;
  readonly file: string;
  readonly offset: number;
  /** When the source logged the transaction, in ms since 1970; whole seconds, since the binlog has no more. */
  readonly loggedAtMs: number;
}

/** For logs and errors: short, and enough to find the place with mysqlbinlog. */
export function describePosition(position: Position): string {
  const place = `${position.file}:${position.offset}`;
  return position.kind === 'gtid'
    ? `${position.gtidSet === '' ? '(empty GTID set)' : position.gtidSet} (${place})`
    : place;
}
