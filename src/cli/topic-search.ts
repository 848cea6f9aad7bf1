/** What the change topic tells a reconcile run: which rows changed lately, and how samples came to be. */
import type { KafkaClient } from '../clients/kafka.js';
import type { OffsetRange } from '../clients/kafka-reader.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Checks } from '../reconcile/checks.js';
import { EVENTS_MAX, type RowEvent, explain } from '../reconcile/history.js';
import { collectRecent } from '../reconcile/recent.js';
import type { Evidence, RecentSuspects } from '../reconcile/reconciler.js';
import { suspectId } from '../reconcile/suspect.js';
import { type TopicMessage, readChange } from '../reconcile/topic-search.js';
import { targetId } from '../domain/cache-key.js';

const READ_MAX_MS = 60_000;
/** A small pass stays small. */
const RECENT_PLACES_MAX = 100_000;
/** How far back samples are explained, by partition. */
const SEARCH_MESSAGES_MAX = 50_000n;

interface Topic {
  readonly kafka: Pick<KafkaClient, 'offsetsAt' | 'startOffsets' | 'endOffsets' | 'readRanges'>;
  readonly topic: string;
}

/** The places that changes of the last `sinceMs` could have made stale. */
export async function readRecent(
  { kafka, topic, sinceMs, mapping }: Topic & { readonly sinceMs: number; readonly mapping: Mapping },
  checks: Checks,
): Promise<RecentSuspects> {
  const places = collectRecent(checks, RECENT_PLACES_MAX);
  const ends = await kafka.endOffsets(topic);
  if (ends === undefined) return { suspects: [], skipped: [] };
  const starts = await kafka.offsetsAt(topic, Date.now() - sinceMs);
  await kafka.readRanges({
    topic,
    ranges: rangesBetween(starts, ends),
    timeoutMs: READ_MAX_MS,
    onMessages: (_partition, messages) => {
      for (const message of messages) {
        const read = readChange(message, mapping);
        if (read !== undefined) places.add(read.change);
      }
    },
  });
  const skipped =
    places.dropped === 0
      ? []
      : [
          {
            what: `${places.dropped} places that changed lately`,
            why: `a pass looks at ${RECENT_PLACES_MAX} at most`,
          },
        ];
  return { suspects: places.suspects, skipped };
}

function rangesBetween(
  starts: ReadonlyMap<number, bigint>,
  ends: ReadonlyMap<number, bigint>,
): Map<number, OffsetRange> {
  return new Map([...ends].map(([partition, to]) => [partition, { from: starts.get(partition) ?? to, to }]));
}

/** Fills the samples' histories in, from the last messages of each partition. */
export async function searchHistory(
  found: readonly Evidence[],
  { kafka, topic, mapping }: Topic & { readonly mapping: Mapping },
): Promise<void> {
  if (found.length === 0) return;
  const [starts, ends] = await Promise.all([kafka.startOffsets(topic), kafka.endOffsets(topic)]);
  if (starts === undefined || ends === undefined) return;
  const from = new Map(
    [...ends].map(([partition, end]) => {
      const start = starts.get(partition) ?? 0n;
      const limited = end - SEARCH_MESSAGES_MAX;
      return [partition, limited > start ? limited : start];
    }),
  );
  const events = createEvents(found, mapping);
  const firstAtMs = new Map<number, number>();
  await kafka.readRanges({
    topic,
    ranges: rangesBetween(from, ends),
    timeoutMs: READ_MAX_MS,
    onMessages: (partition, messages) => {
      const [first] = messages;
      if (first !== undefined && !firstAtMs.has(partition)) firstAtMs.set(partition, Number(first.timestamp));
      for (const message of messages) events.take({ ...message, partition });
    },
  });
  const searchedFromMs = firstAtMs.size === 0 ? undefined : Math.max(...firstAtMs.values());
  for (const { sample, confirmed } of found) {
    sample.history = explain(confirmed, events.of(sample), searchedFromMs);
  }
}

interface Events {
  take(message: TopicMessage): void;
  of(sample: Evidence['sample']): readonly RowEvent[];
}

/** The last events of each sample's row: found by the row's key, or by the targets where that is not known. */
function createEvents(found: readonly Evidence[], mapping: Mapping): Events {
  const bySample = new Map<Evidence['sample'], RowEvent[]>(found.map(({ sample }) => [sample, []]));
  const byRowKey = new Map<string, Evidence[]>();
  const byTarget = new Map<string, Evidence[]>();
  for (const evidence of found) {
    const { rowKey } = evidence.sample;
    const [index, key] =
      rowKey === '' ? [byTarget, suspectId(evidence.confirmed.suspect)] : [byRowKey, rowKey];
    index.set(key, [...(index.get(key) ?? []), evidence]);
  }
  const keep = (evidence: Evidence, event: RowEvent): void => {
    const events = bySample.get(evidence.sample);
    const end = evidence.confirmed.topicEnds.get(event.partition) ?? 0n;
    if (events === undefined || BigInt(event.offset) >= end) return; // the row changed after the difference was seen
    events.push(event);
    if (events.length > EVENTS_MAX) events.shift();
  };
  return {
    take(message) {
      const rows = byRowKey.get(message.key?.toString('utf8') ?? '') ?? [];
      if (rows.length === 0 && byTarget.size === 0) return;
      const read = readChange(message, mapping);
      if (read === undefined) return;
      const { change, targets } = read;
      const event: RowEvent = {
        change,
        gtid: gtidOf(message.value),
        partition: message.partition,
        offset: message.offset,
        atMs: Number(message.timestamp),
      };
      const { db, table } = change.table;
      const ids = new Set(targets.map(targetId));
      const concerned = [
        ...rows.filter(({ sample }) => sample.table === `${db}.${table}`),
        ...[...ids].flatMap((id) => byTarget.get(id) ?? []),
      ];
      for (const evidence of concerned) keep(evidence, event);
    },
    of: (sample) => bySample.get(sample) ?? [],
  };
}

/** `parseMessage` leaves the source out, which nobody else wants. */
function gtidOf(value: Buffer | null): string | null {
  const { source } = JSON.parse(String(value)) as { source?: { gtid?: unknown } };
  return typeof source?.gtid === 'string' ? source.gtid : null;
}
