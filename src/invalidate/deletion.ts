/**
 * The one deletion path: consumer, settle, retry and reconcile all delete through this.
 * In: targets, which only key templates make (guarantee 6). Out: those that could not be deleted, or for targets that
 * go only while they hold what was seen there, what became of each.
 */
import type { CacheKey, Target } from '../domain/cache-key.js';
import type { CachedValue } from '../domain/cached-value.js';
import type { FailedTarget } from '../domain/failed-target.js';
import { messageOf } from '../errors.js';

/** Redis, as far as deleting needs it. Both resolve to how many existed. */
export interface DeletionEffects {
  /** All of them or, on rejection, none for sure. */
  unlink(keys: readonly CacheKey[]): Promise<number>;
  hdel(key: CacheKey, fields: readonly string[]): Promise<number>;
  /** How many keys one `unlink` may take: 1 on a cluster, where keys lie in different slots. */
  readonly keysPerCall: number;
}

export interface DeletionResult {
  /** How many of the targets existed. */
  readonly removed: number;
  readonly failed: readonly FailedTarget[];
}

export type DeleteTargets = (targets: readonly Target[]) => Promise<DeletionResult>;

/** All calls are sent at once, on connections that keep their order; one call that fails spoils no other. */
export function createDeletion(effects: DeletionEffects): DeleteTargets {
  return async (targets) => {
    const calls = planCalls(targets, effects.keysPerCall);
    const results = await Promise.allSettled(calls.map(({ run }) => run(effects)));
    let removed = 0;
    const failed: FailedTarget[] = [];
    results.forEach((result, index) => {
      if (result.status === 'fulfilled') removed += result.value;
      else
        for (const target of calls[index]?.targets ?? [])
          failed.push({ target, error: messageOf(result.reason) });
    });
    return { removed, failed };
  };
}

interface DeletionCall {
  readonly targets: readonly Target[];
  readonly run: (effects: DeletionEffects) => Promise<number>;
}

function planCalls(targets: readonly Target[], keysPerCall: number): DeletionCall[] {
  const calls: DeletionCall[] = [];
  const whole = targets.filter(({ field }) => field === undefined);
  for (let from = 0; from < whole.length; from += keysPerCall) {
    const chunk = whole.slice(from, from + keysPerCall);
    calls.push({ targets: chunk, run: ({ unlink }) => unlink(chunk.map(({ key }) => key)) });
  }
  const hashes = new Map<CacheKey, Target[]>();
  for (const target of targets) {
    if (target.field !== undefined) hashes.set(target.key, [...(hashes.get(target.key) ?? []), target]);
  }
  for (const [key, fields] of hashes) {
    calls.push({
      targets: fields,
      run: ({ hdel }) =>
        hdel(
          key,
          fields.map(({ field = '' }) => field),
        ),
    });
  }
  return calls;
}

/** A target and what was seen there: it is deleted only while it still holds that. */
export interface UnchangedTarget {
  readonly target: Target;
  readonly held: CachedValue;
  /** Declared fields of a hash, in the order of `held.values`. */
  readonly fields: readonly string[];
}

/** Changed also means gone, or never there. An error leaves open whether it was deleted. */
export type UnchangedOutcome = 'deleted' | 'changed' | { readonly error: string };

export interface UnchangedEffects {
  /** Compares and deletes in one step on the server. Resolves to whether it was deleted. */
  deleteUnchanged(item: UnchangedTarget): Promise<boolean>;
}

/** Values and fields are sent along, and a digest has the server read the whole key. */
const UNCHANGED_IN_FLIGHT_MAX = 100;

/** One outcome per item, in order; one that fails spoils no other. */
export function createUnchangedDeletion({
  deleteUnchanged,
}: UnchangedEffects): (items: readonly UnchangedTarget[]) => Promise<UnchangedOutcome[]> {
  const attempt = async (item: UnchangedTarget): Promise<UnchangedOutcome> => {
    if (item.held.kind === 'absent') return 'changed'; // nothing to delete, and whatever came since is not known
    try {
      return (await deleteUnchanged(item)) ? 'deleted' : 'changed';
    } catch (error) {
      return { error: messageOf(error) };
    }
  };
  return async (items) => {
    const outcomes: UnchangedOutcome[] = [];
    for (let from = 0; from < items.length; from += UNCHANGED_IN_FLIGHT_MAX) {
      const part = items.slice(from, from + UNCHANGED_IN_FLIGHT_MAX);
      outcomes.push(...(await Promise.all(part.map(attempt))));
    }
    return outcomes;
  };
}
