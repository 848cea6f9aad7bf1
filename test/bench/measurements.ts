/** What one run of each part measures. Rates are a second, times in the unit of their names. */
import type { LatencyFigures } from './scripts.js';

export const partNames = ['tail', 'limit', 'pipeline', 'latency', 'reconcile'] as const;
export type PartName = (typeof partNames)[number];

/** Of the machine while a part ran: the share of all CPUs that other programs took, 0 to 1. */
export interface Surroundings {
  readonly othersShare: number;
}

export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

export interface TailRun extends Surroundings, ProcessFigures {
  readonly rowsPerSecond: number;
  /** From starting the process to its first message in Kafka. */
  readonly startUpSeconds: number;
  /** From starting the process to its last message in Kafka. */
  readonly wallSeconds: number;
  readonly rows: number;
  /** Averages over all messages. */
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** Each of the libraries alone, with the same work. */
export interface LimitRun extends Surroundings {
  readonly decodeRowsPerSecond: number;
  readonly produceMessagesPerSecond: number;
  readonly produceBytes: number;
  readonly unlinkKeysPerSecond: number;
}

export interface PipelineRun extends Surroundings {
  readonly rowsPerSecond: number;
  readonly keysPerRow: number;
  readonly tail: ProcessFigures;
  readonly consumers: ProcessFigures;
}

export interface LatencyRun extends Surroundings, LatencyFigures {
  readonly wantedChangesPerSecond: number;
  /** The same load, whose keys the bench itself deletes once COMMIT has returned: what measuring alone takes. */
  readonly floor: LatencyFigures;
  /** Of unstale, all stages in one process, from its start to the end of the load. */
  readonly unstale: ProcessFigures;
}

/** One `unstale reconcile` over a table whose every row feeds one key; all keys are cached, and none has drifted. */
export interface ReconcilePass extends ProcessFigures {
  readonly rows: number;
  /** Database to cache, as its report says. */
  readonly rowsPerSecond: number;
  /** Cache to database, as its report says. */
  readonly keysPerSecond: number;
  /** From starting the process to its end. */
  readonly wallSeconds: number;
}

export interface ReconcileRun extends Surroundings {
  /** Of the loop that reconcile replaces: a SELECT and a GET for each row, one after another. */
  readonly loopRowsPerSecond: number;
  /** Over a table that grows, the smallest first. */
  readonly passes: readonly ReconcilePass[];
}

/** The runs of each part, in order; none where a part was not asked for. */
export interface Measurements {
  readonly tail: readonly TailRun[];
  readonly limit: readonly LimitRun[];
  readonly pipeline: readonly PipelineRun[];
  readonly latency: readonly LatencyRun[];
  readonly reconcile: readonly ReconcileRun[];
}

/** What a part is compared with must be measured in the same run. */
const compared: Readonly<Record<PartName, readonly PartName[]>> = {
  tail: ['limit'],
  limit: [],
  pipeline: ['tail'],
  latency: [],
  reconcile: [],
};

/** The parts asked for, and those that they are compared with, in the order in which they run. */
export function withCompared(wanted: readonly PartName[]): PartName[] {
  const all = new Set<PartName>();
  const add = (part: PartName): void => {
    if (all.has(part)) return;
    all.add(part);
    compared[part].forEach(add);
  };
  wanted.forEach(add);
  return partNames.filter((part) => all.has(part));
}
