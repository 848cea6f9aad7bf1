/** In: what was measured. Out: rows of figures with their verdicts. Pure. */
import {
  type Measurements,
  type PartName,
  partNames,
  type ReconcilePass,
  type Surroundings,
} from './measurements.js';
import { debeziumRowsPerSecond, fastestPeerRowsPerSecond } from './peers.js';

export type Unit =
  'rows/s' | 'messages/s' | 'keys/s' | 'changes/s' | 'ms' | 's' | 'MB' | 'B' | 'changes' | '%';

/** The median of the runs, and their range. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export interface Figure {
  readonly part: PartName;
  readonly name: string;
  readonly unit: Unit;
  readonly value: Spread;
  /** What the value is divided by to get the ratio. */
  readonly limit?: { readonly name: string; readonly value: number };
  /** Bounds hold for the ratio where there is one, else for the value. */
  readonly ratio?: number;
  readonly must?: Bound;
  readonly aspire?: Bound;
  /** `fact` has no bounds. */
  readonly verdict: 'missed' | 'pass' | 'aspired' | 'fact';
}

type Question = Omit<Figure, 'value' | 'ratio' | 'verdict'> & { readonly values: readonly number[] };

/** A latency at a lower load than asked for would flatter. */
const loadShareMin = 0.95;

export function figuresOf({ tail, limit, pipeline, latency, reconcile }: Measurements): Figure[] {
  const questions: Question[] = [];
  if (tail.length > 0) questions.push(...tailQuestions(tail, limit), byOthers('tail', tail));
  if (limit.length > 0) questions.push(...limitQuestions(limit), byOthers('limit', limit));
  if (pipeline.length > 0)
    questions.push(...pipelineQuestions(pipeline, tail), byOthers('pipeline', pipeline));
  if (latency.length > 0) questions.push(...latencyQuestions(latency), byOthers('latency', latency));
  if (reconcile.length > 0)
    questions.push(...reconcileQuestions(reconcile), byOthers('reconcile', reconcile));
  return questions.map(answer);
}

export const missedAny = (figures: readonly Figure[]): boolean =>
  figures.some(({ verdict }) => verdict === 'missed');

/** From here on the peers' runs were thrown away and repeated. */
const othersShareMax = 0.15;

/** The parts during which other programs took so much of the CPUs that their figures tell little. */
export function disturbedParts(measurements: Measurements): PartName[] {
  return partNames.filter((part) =>
    measurements[part].some(({ othersShare }: Surroundings) => othersShare > othersShareMax),
  );
}

function tailQuestions(tail: Measurements['tail'], limit: Measurements['limit']): Question[] {
  const rates = tail.map(({ rowsPerSecond }) => rowsPerSecond);
  const fact = facts('tail', tail);
  const drain = { part: 'tail', unit: 'rows/s', values: rates } as const;
  const decode = medianOf(limit.map(({ decodeRowsPerSecond }) => decodeRowsPerSecond));
  const produce = medianOf(limit.map(({ produceMessagesPerSecond }) => produceMessagesPerSecond));
  const slower =
    decode < produce ? { name: 'zongji alone', value: decode } : { name: 'kafkajs alone', value: produce };
  return [
    {
      ...drain,
      name: 'binlog -> Kafka acknowledged',
      limit: slower,
      must: { atLeast: 0.7 },
    },
    {
      ...drain,
      name: 'the same, against Debezium',
      limit: { name: 'Debezium, measured apart', value: debeziumRowsPerSecond },
      must: { atLeast: 2.5 },
    },
    {
      ...drain,
      name: 'the same, against the fastest peer',
      limit: { name: 'go-mysql, measured apart', value: fastestPeerRowsPerSecond },
      aspire: { atLeast: 1 },
    },
    fact('start to first message', 's', ({ startUpSeconds }) => startUpSeconds),
    fact('start to last message', 's', ({ wallSeconds }) => wallSeconds),
    fact('CPU time', 's', ({ cpuSeconds }) => cpuSeconds),
    fact('rows per CPU second', 'rows/s', ({ rows, cpuSeconds }) => rows / cpuSeconds),
    fact('peak memory', 'MB', ({ peakRssBytes }) => peakRssBytes / 1e6),
    fact('a message', 'B', ({ keyBytes, valueBytes }) => keyBytes + valueBytes),
  ];
}

function limitQuestions(limit: Measurements['limit']): Question[] {
  const fact = facts('limit', limit);
  const bytes = Math.round(medianOf(limit.map(({ produceBytes }) => produceBytes)));
  return [
    fact('zongji alone, decoding', 'rows/s', ({ decodeRowsPerSecond }) => decodeRowsPerSecond),
    fact(
      `kafkajs alone, ${bytes} B`,
      'messages/s',
      ({ produceMessagesPerSecond }) => produceMessagesPerSecond,
    ),
    fact('ioredis alone, UNLINK', 'keys/s', ({ unlinkKeysPerSecond }) => unlinkKeysPerSecond),
  ];
}

function pipelineQuestions(pipeline: Measurements['pipeline'], tail: Measurements['tail']): Question[] {
  const fact = facts('pipeline', pipeline);
  return [
    {
      part: 'pipeline',
      name: `binlog -> deleted, ${pipeline[0]?.keysPerRow ?? 0} keys a row`,
      unit: 'rows/s',
      values: pipeline.map(({ rowsPerSecond }) => rowsPerSecond),
      limit: { name: 'tail', value: medianOf(tail.map(({ rowsPerSecond }) => rowsPerSecond)) },
      must: { atLeast: 0.5 },
      aspire: { atLeast: 0.8 },
    },
    fact('CPU time of the tail', 's', (run) => run.tail.cpuSeconds),
    fact('CPU time of the consumers', 's', (run) => run.consumers.cpuSeconds),
    fact('peak memory of the consumers', 'MB', (run) => run.consumers.peakRssBytes / 1e6),
  ];
}

function latencyQuestions(latency: Measurements['latency']): Question[] {
  const fact = facts('latency', latency);
  const wanted = medianOf(latency.map(({ wantedChangesPerSecond }) => wantedChangesPerSecond));
  return [
    {
      ...fact('commit -> keys deleted, p50', 'ms', ({ p50Ms }) => p50Ms),
      must: { atMost: 3 },
      aspire: { atMost: 1.5 },
    },
    {
      ...fact('commit -> keys deleted, p99', 'ms', ({ p99Ms }) => p99Ms),
      must: { atMost: 15 },
      aspire: { atMost: 5 },
    },
    fact('commit -> keys deleted, slowest', 'ms', ({ maxMs }) => maxMs),
    fact('without unstale, p50', 'ms', ({ floor }) => floor.p50Ms),
    fact('without unstale, p99', 'ms', ({ floor }) => floor.p99Ms),
    {
      ...fact('keys not deleted', 'changes', ({ missing }) => missing),
      must: { atMost: 0 },
    },
    {
      ...fact('load', 'changes/s', ({ changesPerSecond }) => changesPerSecond),
      limit: { name: 'asked for', value: wanted },
      must: { atLeast: loadShareMin },
    },
    fact('gone before COMMIT returned', '%', (run) => (run.beforeCommitReturned * 100) / run.changes),
    fact('CPU time of unstale', 's', (run) => run.unstale.cpuSeconds),
  ];
}

/** Speed is judged by the largest table, memory by how it grows from each table to the next larger one. */
function reconcileQuestions(reconcile: Measurements['reconcile']): Question[] {
  const passesBySize = (reconcile[0]?.passes ?? []).map((_, index) =>
    reconcile.flatMap(({ passes }) => passes[index] ?? []),
  );
  const fact = facts('reconcile', passesBySize.at(-1) ?? []);
  const rate = fact('database -> cache', 'rows/s', ({ rowsPerSecond }) => rowsPerSecond);
  return [
    { ...rate, must: { atLeast: 200_000 }, aspire: { atLeast: 500_000 } },
    {
      ...rate,
      name: 'the same, against a plain loop',
      limit: {
        name: 'a SELECT and a GET a row',
        value: medianOf(reconcile.map(({ loopRowsPerSecond }) => loopRowsPerSecond)),
      },
      must: { atLeast: 50 },
    },
    fact('cache -> database', 'keys/s', ({ keysPerSecond }) => keysPerSecond),
    fact('both, with start and end', 's', ({ wallSeconds }) => wallSeconds),
    fact('CPU time', 's', ({ cpuSeconds }) => cpuSeconds),
    ...passesBySize.map((passes, index) => memoryQuestion(passes, passesBySize[index - 1])),
  ];
}

function memoryQuestion(passes: readonly ReconcilePass[], ofSmaller?: readonly ReconcilePass[]): Question {
  const peakMegabytes = ({ peakRssBytes }: ReconcilePass): number => peakRssBytes / 1e6;
  const rowsText = (of: readonly ReconcilePass[]): string =>
    `${(of[0]?.rows ?? 0).toLocaleString('en')} rows`;
  const peak = facts('reconcile', passes)(`peak memory, ${rowsText(passes)}`, 'MB', peakMegabytes);
  if (ofSmaller === undefined) return peak;
  const limit = { name: rowsText(ofSmaller), value: medianOf(ofSmaller.map(peakMegabytes)) };
  return { ...peak, limit, must: { atMost: 1.25 } };
}

/** How far to trust the other figures of a part. */
const byOthers = (part: PartName, runs: readonly Surroundings[]): Question =>
  facts(part, runs)('CPUs taken by other programs', '%', ({ othersShare }) => othersShare * 100);

const facts =
  <Run>(part: PartName, runs: readonly Run[]) =>
  (name: string, unit: Unit, valueOf: (run: Run) => number): Question => ({
    part,
    name,
    unit,
    values: runs.map(valueOf),
  });

function answer({ values, ...question }: Question): Figure {
  const value = spreadOf(values);
  const { limit, must, aspire } = question;
  const ratio = limit === undefined ? undefined : value.median / limit.value;
  const judged = ratio ?? value.median;
  const verdict = judge(judged, must, aspire);
  return { ...question, value, verdict, ...(ratio === undefined ? {} : { ratio }) };
}

/** A number that is none (nothing was measured) holds no bound. */
function judge(value: number, must: Bound | undefined, aspire: Bound | undefined): Figure['verdict'] {
  if (must !== undefined && !holds(value, must)) return 'missed';
  if (aspire !== undefined && holds(value, aspire)) return 'aspired';
  return must === undefined ? 'fact' : 'pass';
}

const holds = (value: number, bound: Bound): boolean =>
  'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;

export function spreadOf(values: readonly number[]): Spread {
  return { median: medianOf(values), min: Math.min(...values), max: Math.max(...values) };
}

/** NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}
