import { vi } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import type { UnchangedTarget } from '../../../src/invalidate/deletion.js';
import {
  type ConclusionsOptions,
  type DriftNotice,
  createConclusions,
} from '../../../src/reconcile/conclusions.js';
import type { Confirmation, Confirmed } from '../../../src/reconcile/confirm.js';
import type { RunOrder, RunState } from '../../../src/reconcile/run-state.js';
import { checkOf, likenesses, runWith, staleStock, stockKey } from './support.js';

export interface Trial {
  readonly order?: Partial<RunOrder>;
  readonly options?: Partial<ConclusionsOptions>;
  /** Before anything is concluded. */
  readonly prepare?: ((state: RunState, options: ConclusionsOptions) => void) | undefined;
}

/** What becomes of what was found, and what the servers were asked for. */
export function trial({ order, options: more, prepare }: Trial = {}) {
  const state = runWith(order);
  const deleted: UnchangedTarget[] = [];
  const announced: DriftNotice[] = [];
  const options: ConclusionsOptions = {
    state,
    likenessOf: likenesses(),
    limit: { share: 0.1, count: 1_000 },
    deleteUnchanged: (items) => {
      deleted.push(...items);
      return Promise.resolve(items.map(() => 'deleted' as const));
    },
    queueRetry: vi.fn().mockResolvedValue(undefined),
    announce: (notices) => {
      announced.push(...notices);
      return Promise.resolve();
    },
    isOurs: (key): key is CacheKey => key !== 'foreign',
    show: 'values',
    nowMs: () => Date.parse('2026-03-01T12:00:05Z'),
    onSample: vi.fn(),
    ...more,
  };
  prepare?.(state, options);
  const conclude = createConclusions(options);
  const found = (drift: readonly Confirmed[], undecided: Confirmation['undecided'] = []) =>
    conclude({ drift, undecided });
  return {
    state,
    deleted,
    announced,
    options,
    found,
    keys: () => deleted.map(({ target }) => target.key as string),
  };
}
export const check = checkOf(stockKey);
export const stale = (...ids: readonly number[]): Confirmed[] => ids.map((id) => staleStock(id, {}, check));
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
