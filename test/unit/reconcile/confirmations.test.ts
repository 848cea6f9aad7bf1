import { describe, expect, test, vi } from 'vitest';
import type { Confirmation } from '../../../src/reconcile/confirm.js';
import { createConfirmations } from '../../../src/reconcile/confirmations.js';
import type { Suspect } from '../../../src/reconcile/suspect.js';
import { until } from '../../support/until.js';
import { checkOf, stockKey, suspectAt } from './support.js';

const check = checkOf(stockKey);
const many = (count: number, from = 0): Suspect[] =>
  Array.from({ length: count }, (_, index) => suspectAt(check, `p:${from + index}`, [from + index]));
const nothing: Confirmation = { drift: [], undecided: [] };

/** Confirms a batch whenever the test lets it. */
function gated() {
  const batches: (readonly Suspect[])[] = [];
  const gates: ((confirmation: Confirmation) => void)[] = [];
  return {
    batches,
    confirm: (suspects: readonly Suspect[]) => {
      batches.push(suspects);
      return new Promise<Confirmation>((resolve) => gates.push(resolve));
    },
    letOneThrough: () => gates.shift()?.(nothing),
  };
}
const sizes = (batches: readonly (readonly Suspect[])[]): number[] => batches.map(({ length }) => length);

test('suspects are confirmed and concluded beside whoever adds them', async () => {
  const drift = many(1).map((suspect) => ({ suspect })) as unknown as Confirmation['drift'];
  const conclude = vi.fn().mockResolvedValue(undefined);
  const confirmation: Confirmation = { drift, undecided: [] };
  const confirmations = createConfirmations({
    confirm: () => Promise.resolve(confirmation),
    conclude,
    onFailure: vi.fn(),
  });
  await confirmations.add(many(1));
  await confirmations.drain();
  expect(conclude).toHaveBeenCalledExactlyOnceWith(confirmation);
  expect(confirmations.pending()).toEqual([]);
});

test('nothing is confirmed where nothing is suspect', async () => {
  const confirm = vi.fn();
  const confirmations = createConfirmations({ confirm, conclude: vi.fn(), onFailure: vi.fn() });
  await confirmations.add([]);
  await confirmations.drain();
  expect(confirm).not.toHaveBeenCalled();
});

test('what comes while a batch is being confirmed waits for the next, and is pending all the while', async () => {
  const { batches, confirm, letOneThrough } = gated();
  const confirmations = createConfirmations({
    confirm,
    conclude: () => Promise.resolve(),
    onFailure: vi.fn(),
  });
  await confirmations.add(many(2));
  await confirmations.add(many(3, 2));
  expect(confirmations.pending().map(({ key }) => key)).toEqual(['p:0', 'p:1', 'p:2', 'p:3', 'p:4']);
  letOneThrough();
  await until(() => batches.length === 2, { what: 'the second batch' });
  expect(sizes(batches)).toEqual([2, 3]);
  expect(confirmations.pending()).toHaveLength(3);
  letOneThrough();
  await confirmations.drain();
  expect(confirmations.pending()).toEqual([]);
});

test('a page of any size is taken, and worked off in batches', async () => {
  const { batches, confirm, letOneThrough } = gated();
  const confirmations = createConfirmations({
    confirm,
    conclude: () => Promise.resolve(),
    onFailure: vi.fn(),
  });
  const adding = confirmations.add(many(200_000)); // more than a call takes arguments
  for (let batch = 1; batch <= 40; batch += 1) {
    await until(() => batches.length === batch, { what: `batch ${batch}`, everyMs: 1 });
    letOneThrough();
  }
  await adding;
  await confirmations.drain();
  expect(new Set(sizes(batches))).toEqual(new Set([5_000]));
});

test('at 10,000 that are pending the scan waits until there is room', async () => {
  const { confirm, letOneThrough } = gated();
  const confirmations = createConfirmations({
    confirm,
    conclude: () => Promise.resolve(),
    onFailure: vi.fn(),
  });
  await confirmations.add(many(10_000));
  let isAdded = false;
  const adding = confirmations.add(many(1, 10_000)).then(() => {
    isAdded = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(isAdded).toBe(false);
  letOneThrough();
  await adding;
  expect(confirmations.pending().length).toBe(5_001);
});

describe('a failure', () => {
  test.each<[string, Partial<Parameters<typeof createConfirmations>[0]>]>([
    ['of confirming', { confirm: () => Promise.reject(new Error('away')) }],
    ['of concluding', { conclude: () => Promise.reject(new Error('away')) }],
  ])('%s is told, and thrown where all are waited for', async (_what, options) => {
    const onFailure = vi.fn();
    const confirmations = createConfirmations({
      confirm: () => Promise.resolve(nothing),
      conclude: () => Promise.resolve(),
      onFailure,
      ...options,
    });
    await confirmations.add(many(1));
    await expect(confirmations.drain()).rejects.toThrow('away');
    expect(onFailure).toHaveBeenCalledExactlyOnceWith(new Error('away'));
  });

  test('ends all confirming: what was in hand and what comes later stays pending', async () => {
    const confirm = vi.fn().mockRejectedValue(new Error('away'));
    const confirmations = createConfirmations({ confirm, conclude: vi.fn(), onFailure: vi.fn() });
    await confirmations.add(many(1));
    await confirmations.drain().catch(() => undefined);
    await confirmations.add(many(1, 1));
    expect(confirm).toHaveBeenCalledTimes(1);
    expect(confirmations.pending().map(({ key }) => key)).toEqual(['p:0', 'p:1']);
    await expect(confirmations.drain()).rejects.toThrow('away');
  });

  test('lets a scan go on that waits for room', async () => {
    const failing: ((error: Error) => void)[] = [];
    const confirmations = createConfirmations({
      confirm: () => new Promise((_resolve, reject) => failing.push(reject)),
      conclude: vi.fn(),
      onFailure: vi.fn(),
    });
    const adding = confirmations.add(many(20_000));
    failing[0]?.(new Error('away'));
    await adding;
    expect(confirmations.pending()).toHaveLength(20_000);
  });
});
