/** Holds a run back, so that it disturbs neither the database nor the cache. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface BrakeOptions {
  readonly rowsPerSecondMax: number;
  readonly opsPerSecondMax: number;
  readonly replicaLagMsMax: number;
  readonly redisLatencyMsMax: number;
  /** A pause for a server that is not well may take so long; then the run fails, since others wait for its end. */
  readonly pauseMsMax: number;
  /** Undefined where tables are read from the source itself. */
  readonly replicaLagMs: () => Promise<number | undefined>;
  /** Of the slowest node. */
  readonly redisLatencyMs: () => Promise<number>;
  readonly nowMs: () => number;
}

export type Waited = Record<'rate' | 'replicaLag' | 'redisLatency', number>;

/** Both: @throws Error when a pause takes too long, and the signal's reason */
export interface Brake {
  /** Resolves when so many rows may be read. */
  rows(count: number, signal: AbortSignal): Promise<void>;
  /** Resolves when so many keys may be asked for. */
  ops(count: number, signal: AbortSignal): Promise<void>;
  readonly waitedMs: Waited;
}

const LOOK_EVERY_MS = 1_000;
/** A pause that another look at the servers may end. */
const PAUSE_MS = 500;
const REASONS: Readonly<Record<'replicaLag' | 'redisLatency', string>> = {
  replicaLag: 'the replica lags more than reconcile.maxReplicaLag',
  redisLatency: 'Redis takes longer to answer than reconcile.maxRedisLatency',
};

export function createBrake(options: BrakeOptions): Brake {
  const waitedMs: Waited = { rate: 0, replicaLag: 0, redisLatency: 0 };
  const rows = createPace(options.rowsPerSecondMax, options.nowMs);
  const ops = createPace(options.opsPerSecondMax, options.nowMs);
  const waiting: Waited = { rate: 0, replicaLag: 0, redisLatency: 0 };
  const sinceMs: Waited = { rate: 0, replicaLag: 0, redisLatency: 0 };
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  /** Where several wait at once, that time counts once. */
  const wait = async (reason: keyof Waited, forMs: number, signal: AbortSignal): Promise<void> => {
    if (forMs <= 0) return;
    if (waiting[reason] === 0) sinceMs[reason] = options.nowMs();
    waiting[reason] += 1;
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      waiting[reason] -= 1;
      if (waiting[reason] === 0) waitedMs[reason] += options.nowMs() - sinceMs[reason];
    }
  };
  const untilServersAreWell = async (signal: AbortSignal): Promise<void> => {
    let pausedMs = 0;
    while (options.nowMs() - lookedAtMs >= LOOK_EVERY_MS) {
      const [lagMs, latencyMs] = await Promise.all([options.replicaLagMs(), options.redisLatencyMs()]);
      const reason = reasonToPause(options, lagMs ?? 0, latencyMs);
      if (reason === undefined) lookedAtMs = options.nowMs();
      else if (pausedMs >= options.pauseMsMax)
        throw new Error(`It was paused for ${pausedMs} ms, and ${REASONS[reason]} still.`);
      else {
        await wait(reason, PAUSE_MS, signal);
        pausedMs += PAUSE_MS;
      }
    }
  };
  return {
    async rows(count, signal) {
      await untilServersAreWell(signal);
      await wait('rate', rows.take(count), signal);
    },
    async ops(count, signal) {
      await untilServersAreWell(signal);
      await wait('rate', ops.take(count), signal);
    },
    waitedMs,
  };
}

function reasonToPause(
  { replicaLagMsMax, redisLatencyMsMax }: BrakeOptions,
  lagMs: number,
  latencyMs: number,
): keyof typeof REASONS | undefined {
  if (lagMs > replicaLagMsMax) return 'replicaLag';
  return latencyMs > redisLatencyMsMax ? 'redisLatency' : undefined;
}

/** What has been saved up by a pause is not made good later. */
const BURST_MS = 100;

/** Tells how long to wait so that no more than so many a second are taken. */
function createPace(perSecondMax: number, nowMs: () => number): { take(count: number): number } {
  let freeAtMs = 0;
  return {
    take(count) {
      const now = nowMs();
      const startMs = Math.max(freeAtMs, now - BURST_MS);
      freeAtMs = startMs + (count / perSecondMax) * 1_000;
      return Math.max(0, startMs - now);
    },
  };
}
