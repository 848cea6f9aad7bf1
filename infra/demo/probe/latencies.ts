import { build, type Histogram } from 'hdr-histogram-js';

export interface LatencyFigures {
  readonly probes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Latencies {
  /** A latency in ms; undefined is a probe that gave up, after `giveUpMs`. */
  readonly record: (latencyMs: number | undefined) => void;
  /** Of the last {@link recentMax} probes; undefined while there are none. */
  readonly recent: () => LatencyFigures | undefined;
  readonly all: () => LatencyFigures | undefined;
  readonly gaveUp: () => number;
}

/** Half a minute at 20 probes a second: enough for a p99, and soon forgets what a cold start cost. */
const recentMax = 600;
const microsecondsMax = 60_000_000;

/** A probe that gave up counts with the time it waited, so that it raises the percentiles. */
export function createLatencies(giveUpMs: number): Latencies {
  const total = createHistogram();
  const recent: number[] = [];
  let gaveUp = 0;
  return {
    record(latencyMs) {
      if (latencyMs === undefined) gaveUp += 1;
      const microseconds = Math.max(1, Math.round((latencyMs ?? giveUpMs) * 1000));
      total.recordValue(microseconds);
      recent.push(microseconds);
      if (recent.length > recentMax) recent.shift();
    },
    recent() {
      const histogram = createHistogram();
      for (const microseconds of recent) histogram.recordValue(microseconds);
      return figuresOf(histogram);
    },
    all: () => figuresOf(total),
    gaveUp: () => gaveUp,
  };
}

const createHistogram = (): Histogram =>
  build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: microsecondsMax,
    numberOfSignificantValueDigits: 3,
  });

function figuresOf(histogram: Histogram): LatencyFigures | undefined {
  if (histogram.totalCount === 0) return undefined;
  const msAt = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return { probes: histogram.totalCount, p50Ms: msAt(50), p99Ms: msAt(99) };
}
