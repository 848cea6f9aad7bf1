/**
 * In: suspects, which may only be in the middle of a change. Out: drift, and what could not be settled in time.
 *
 * A suspect is drift if its value outlasts all that unstale does of itself, while its row stays as it is. Let the value
 * v and the row r be read, in this order, then a watermark w be taken. Each change of the row that r shows is within
 * w, so once the consumers and settling have applied w, a v that is still there was put back afterwards, or was never
 * deleted. It could only be right if the row had become v once more in the meantime; so the change topic is searched
 * from before v was read to behind the last look, and a suspect whose row changed there is looked at anew.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CachedValue, sameCached } from '../domain/cached-value.js';
import { UnstaleError } from '../errors.js';
import { type Difference, type Look, judge } from './judge.js';
import { type Eyes, lookAt, snapshots } from './look.js';
import { type Suspect, suspectId } from './suspect.js';

/** How far the pipeline has come, as far as others can see it. */
export interface PipelineView {
  /** Ends of the change topic's partitions. */
  topicEnds(): Promise<TopicOffsets>;
  /**
   * Resolves when the tail has published, and consumers and settling have handled, all that MySQL has executed by now.
   * @throws UnstaleError PIPELINE_BEHIND when that takes too long
   */
  untilApplied(signal: AbortSignal): Promise<void>;
  /** Resolves when the tail has published all that MySQL has executed by now. @throws UnstaleError PIPELINE_BEHIND */
  untilPublished(signal: AbortSignal): Promise<void>;
  /** Ids of those suspects of which a message between these offsets tells a change. */
  changedBetween(
    from: TopicOffsets,
    to: TopicOffsets,
    suspects: readonly Suspect[],
  ): Promise<ReadonlySet<string>>;
  /** Ids of those suspects whose keys wait in the retry queue. */
  retryPending(suspects: readonly Suspect[]): Promise<ReadonlySet<string>>;
}

export type TopicOffsets = ReadonlyMap<number, bigint>;

export interface Confirmed {
  readonly suspect: Suspect;
  readonly difference: Difference;
  /** What the cache held, at each look. */
  readonly held: CachedValue;
  /** What the change topic tells beyond these ends is newer than the difference. */
  readonly topicEnds: TopicOffsets;
}

export interface Confirmation {
  readonly drift: readonly Confirmed[];
  readonly undecided: readonly { readonly suspect: Suspect; readonly why: string }[];
}

export interface ConfirmOptions extends Eyes {
  readonly pipeline: PipelineView;
  /** How long a difference must last before it is looked into. */
  readonly confirmAfterMs: number;
}

/** A row that changes all the time is left to the next run. */
const ROUNDS_MAX = 3;

/** @throws UnstaleError when a server fails for good, and the signal's reason when it is aborted */
export async function confirm(
  suspects: readonly Suspect[],
  options: ConfirmOptions,
  signal: AbortSignal,
): Promise<Confirmation> {
  await sleep(options.confirmAfterMs, undefined, { signal });
  const drift: Confirmed[] = [];
  // Both directions, and what an earlier run left, may have come upon the same place.
  const places = new Map(suspects.map((suspect) => [`${suspect.check.id} ${suspectId(suspect)}`, suspect]));
  let open: readonly Suspect[] = [...places.values()];
  try {
    for (let round = 1; round <= ROUNDS_MAX && open.length > 0; round += 1) {
      const from = await options.pipeline.topicEnds();
      const doubtful = await doubtfulOf(open, options);
      open = doubtful.map(({ suspect }) => suspect); // the others are clear, however far the pipeline has come
      if (open.length === 0) break;
      const result = await outlast(doubtful, from, options, signal);
      drift.push(...result.drift);
      open = result.again;
    }
  } catch (error) {
    if (!(error instanceof UnstaleError) || error.code !== 'PIPELINE_BEHIND') throw error;
    return { drift, undecided: open.map((suspect) => ({ suspect, why: error.message })) };
  }
  const why = 'its row or its key kept changing, or its delete waits for a retry';
  return { drift, undecided: open.map((suspect) => ({ suspect, why })) };
}

interface Round {
  readonly drift: readonly Confirmed[];
  readonly again: readonly Suspect[];
}

/** A suspect that is wrong at the first look, and what the cache held then. */
interface Doubtful {
  readonly suspect: Suspect;
  readonly held: CachedValue;
}

async function doubtfulOf(suspects: readonly Suspect[], eyes: Eyes): Promise<Doubtful[]> {
  const looks = await lookAt(suspects, eyes);
  return suspects.flatMap((suspect, index) => {
    const look = looks[index];
    return look !== undefined && judge(suspect, look) !== undefined ? [{ suspect, held: look.held }] : [];
  });
}

/** @param from ends of the topic before the first look */
async function outlast(
  doubtful: readonly Doubtful[],
  from: TopicOffsets,
  options: ConfirmOptions,
  signal: AbortSignal,
): Promise<Round> {
  const { pipeline, cache } = options;
  await pipeline.untilApplied(signal);
  // Asked before the last looks: what waits for a retry now may be deleted by the time they are taken.
  const waiting = await pipeline.retryPending(doubtful.map(({ suspect }) => suspect));
  const applied = doubtful.filter(({ suspect }) => !waiting.has(suspectId(suspect)));
  const again = doubtful.flatMap(({ suspect }) => (waiting.has(suspectId(suspect)) ? [suspect] : []));

  const remaining = applied.map(({ suspect }) => suspect);
  const after = await lookAt(remaining, options);
  const last = await snapshots(remaining, cache);
  const { lasting, moving } = compareLooks(applied, after, last);
  again.push(...moving);
  if (lasting.length === 0) return { drift: [], again };
  await pipeline.untilPublished(signal);

  const candidates = lasting.map(({ suspect }) => suspect);
  const topicEnds = await pipeline.topicEnds();
  const changed = await pipeline.changedBetween(from, topicEnds, candidates);
  const hasChanged = ({ suspect }: Lasting): boolean => changed.has(suspectId(suspect));
  return {
    drift: lasting.filter((each) => !hasChanged(each)).map((each) => ({ ...each, topicEnds })),
    again: [...again, ...lasting.filter(hasChanged).map(({ suspect }) => suspect)],
  };
}

type Lasting = Omit<Confirmed, 'topicEnds'>;

/** Still wrong and all the time the same: may be drift. Still wrong, but otherwise than before: again. */
function compareLooks(
  doubtful: readonly Doubtful[],
  after: readonly Look[],
  last: readonly CachedValue[],
): { lasting: Lasting[]; moving: Suspect[] } {
  const lasting: Lasting[] = [];
  const moving: Suspect[] = [];
  doubtful.forEach(({ suspect, held }, index) => {
    const look = after[index];
    const latest = last[index];
    const difference = look && judge(suspect, look);
    if (look === undefined || latest === undefined || difference === undefined) return;
    if (sameCached(held, look.held) && sameCached(held, latest)) lasting.push({ suspect, difference, held });
    else moving.push(suspect);
  });
  return { lasting, moving };
}
