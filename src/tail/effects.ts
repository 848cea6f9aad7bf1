import type { ChangeOrigin, RowChange } from '../domain/change.js';
import type { Checkpoint } from '../domain/checkpoint.js';
import type { CommitMark, Position } from '../domain/position.js';
import type { BinlogOptions, BinlogStream } from './binlog.js';
import type { TailTables } from './change-reader.js';
import type { Leadership } from './leader.js';
import type { ExecutedGtids } from './progress.js';
import type { ServerFacts } from './server-check.js';
import type { PositionRelation } from './start-position.js';

/** Takes changes and marks in order, and hands marks back once everything before them is acknowledged. */
export interface Outlet {
  publish(changes: readonly RowChange[], origin: ChangeOrigin): void;
  commit(mark: CommitMark): void;
  /** Whether all that was published is acknowledged. */
  idle(): boolean;
  /** Resolves when it is, or when sending failed. */
  drained(): Promise<void>;
  /** Drops what is not sent yet, and resolves when nothing is in flight. */
  close(): Promise<void>;
}

export interface OutletHooks {
  readonly serverId: number;
  /** @throws UnstaleError LEADER_LOST; called before each send */
  readonly demandLeadership: () => void;
  readonly advance: (mark: CommitMark) => void;
  readonly onFailure: (error: unknown) => void;
  /** Too much waits; or, with false, little does again. */
  readonly onPressure: (high: boolean) => void;
}

/** What is found when a session is prepared. */
export interface Source {
  readonly facts: ServerFacts;
  /** Of the mapped tables; the mapping has been checked against them. */
  readonly tables: TailTables;
  /** Of the stored position to this server; undefined if there is none. */
  readonly relation: PositionRelation | undefined;
}

/** What the tail does to the world. */
export interface TailEffects {
  /** Waits until this process leads. */
  becomeLeader(signal: AbortSignal, onStandby: () => void): Promise<Leadership>;
  /** The newest checkpoint, and whether the topic or a group shows that this is no first start. */
  readCheckpoint(): Promise<{ checkpoint: Checkpoint | undefined; hasHistory: boolean }>;
  /** Resolves when Kafka has acknowledged it. */
  writeCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** Asks the server, and checks the mapping against its tables. */
  inspect(stored: Position | undefined): Promise<Source>;
  openOutlet(hooks: OutletHooks): Outlet;
  openBinlog(
    options: Pick<BinlogOptions, 'start' | 'wanted' | 'columnsOf' | 'onEvent' | 'onEnd' | 'onReading'>,
  ): BinlogStream;
  parseGtids(text: string): ExecutedGtids;
}

/** Told what happens, for metrics. */
export interface TailObserver {
  changes(table: string, rows: number): void;
  transaction(): void;
  session(): void;
  leading(leads: boolean): void;
  checkpointed(checkpoint: Checkpoint): void;
}
