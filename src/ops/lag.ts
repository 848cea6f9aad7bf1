import type { Checkpoint } from '../domain/checkpoint.js';

/** What was asked of the servers, at one moment. */
export interface LagEvidence {
  readonly nowMs: number;
  readonly checkpoint: Checkpoint | undefined;
  /** What MySQL has logged beyond the checkpoint. */
  readonly ahead: { readonly transactions: boolean; readonly bytes: number | undefined } | undefined;
  readonly ends: ReadonlyMap<number, bigint> | undefined;
  readonly starts: ReadonlyMap<number, bigint> | undefined;
  readonly groups: readonly {
    readonly stage: string;
    readonly group: string;
    readonly committed: ReadonlyMap<number, bigint>;
  }[];
  readonly retry: { readonly depth: number; readonly oldestOverdueMs: number };
  readonly deadLetters: number;
}

/** How far each stage is behind. This is what `unstale lag --json` prints. */
export interface LagReport {
  readonly tail: {
    /** 0 when MySQL has logged nothing beyond the checkpoint; null before the first checkpoint. */
    readonly seconds: number | null;
    /** Null before the first checkpoint, and where the checkpoint's file is not one of this server's. */
    readonly bytes: number | null;
    readonly position: string | null;
  };
  readonly groups: readonly { readonly stage: string; readonly group: string; readonly messages: number }[];
  readonly retry: { readonly jobs: number; readonly oldestOverdueSeconds: number };
  readonly deadLetters: number;
}

/** Pure. */
export function computeLag(evidence: LagEvidence, describe: (checkpoint: Checkpoint) => string): LagReport {
  const { checkpoint, ahead, nowMs, retry, deadLetters } = evidence;
  return {
    tail: {
      seconds:
        checkpoint === undefined
          ? null
          : secondsBehind(checkpoint.currentAtMs, ahead?.transactions !== false, nowMs),
      bytes: ahead?.bytes ?? null,
      position: checkpoint === undefined ? null : describe(checkpoint),
    },
    groups: evidence.groups.map(({ stage, group, committed }) => ({
      stage,
      group,
      messages: messagesBehind(committed, evidence),
    })),
    retry: { jobs: retry.depth, oldestOverdueSeconds: retry.oldestOverdueMs / 1_000 },
    deadLetters,
  };
}

type Offsets = ReadonlyMap<number, bigint>;

/** How many messages a group has before it. A partition without a committed offset is read from its start. */
export function messagesBehind(
  committed: Offsets,
  { ends, starts }: { readonly ends: Offsets | undefined; readonly starts: Offsets | undefined },
): number {
  let messages = 0n;
  for (const [partition, end] of ends ?? []) {
    const [from, start] = [committed.get(partition) ?? 0n, starts?.get(partition) ?? 0n];
    const next = from > start ? from : start; // what has expired is not before the group any more
    if (end > next) messages += end - next; // the ends may be older than the commits
  }
  return Number(messages);
}

/** How late the tail is, in seconds; 0 when MySQL has logged nothing that is not published. */
export function secondsBehind(currentAtMs: number, hasMore: boolean, nowMs: number): number {
  return hasMore ? Math.max(0, nowMs - currentAtMs) / 1_000 : 0;
}

/** The first thing that lags more than `maxMs`; undefined when nothing does. */
export function exceeds({ tail, retry }: LagReport, maxMs: number): string | undefined {
  const maxSeconds = maxMs / 1_000;
  if (tail.seconds === null) return 'there is no checkpoint yet: has `unstale run` been started?';
  if (tail.seconds > maxSeconds) return `the tail is ${tail.seconds.toFixed(1)} s behind`;
  if (retry.oldestOverdueSeconds > maxSeconds)
    return `a retry has been overdue for ${retry.oldestOverdueSeconds.toFixed(1)} s`;
  return undefined;
}
