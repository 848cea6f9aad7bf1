/** Reads what `unstale run` tells of itself at /metrics, in Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the demo shows and waits for. Counts are since the start of that process. */
export interface UnstaleFigures {
  readonly published: number;
  /** Keys that unstale asked Redis to delete, by all stages together. */
  readonly deleted: number;
  /** Those of them that Redis held. */
  readonly removed: number;
  readonly retriesWaiting: number;
  readonly retries: number;
  readonly tailLagSeconds: number;
  /** Messages consumed, by stage. */
  readonly consumed: ReadonlyMap<string, number>;
}

export function readFigures(text: string): UnstaleFigures {
  const samples = parseMetrics(text);
  const named = (name: string): Sample[] => samples.filter((sample) => sample.name === name);
  const sum = (found: readonly Sample[]): number => found.reduce((total, { value }) => total + value, 0);
  return {
    published: sum(named('unstale_published_messages_total')),
    deleted: sum(named('unstale_deleted_keys_total')),
    removed: sum(named('unstale_removed_keys_total')),
    retriesWaiting: sum(named('unstale_retry_depth')),
    retries: sum(named('unstale_retry_attempts_total')),
    tailLagSeconds: Math.max(0, ...named('unstale_tail_lag_seconds').map(({ value }) => value)),
    consumed: new Map(
      named('unstale_consumed_messages_total').map(({ labels, value }) => [labels.stage ?? '', value]),
    ),
  };
}

/** Whether every change that was read is dealt with by every stage. Messages may be consumed more than once. */
export function isDrained({ published, consumed, retriesWaiting, tailLagSeconds }: UnstaleFigures): boolean {
  const allConsumed = consumed.size > 0 && [...consumed.values()].every((count) => count >= published);
  return allConsumed && retriesWaiting === 0 && tailLagSeconds < 1;
}

const line = /^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>.*)\})?\s+(?<value>\S+)/;
const label = /(?<name>[a-zA-Z_]\w*)="(?<value>(?:[^"\\]|\\.)*)"/g;

/** Comments, and lines that it does not understand, are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((row) => {
    const { name, labels = '', value } = line.exec(row)?.groups ?? {};
    if (name === undefined || Number.isNaN(Number(value))) return [];
    const pairs = [...labels.matchAll(label)].map(
      ({ groups }) => [groups?.name ?? '', groups?.value ?? ''] as const,
    );
    return { name, labels: Object.fromEntries(pairs), value: Number(value) };
  });
}
