import { describe, expect, test } from 'vitest';
import { repairsLeft } from '../../../src/reconcile/repair-limit.js';
import { emptyTally, lookedAt, tallyOf } from '../../../src/reconcile/tally.js';

const limit = { share: 0.1, count: 500 };

describe('how many values a run may still delete', () => {
  test.each([
    ['100 are allowed, however few were looked at', 0, 0, 100],
    ['then a share of those that were looked at', 2_000, 0, 200],
    ['never more than the count', 1_000_000, 0, 500],
    ['those that were deleted are taken off', 2_000, 150, 50],
    ['and it is never less than nothing', 2_000, 300, 0],
    ['a part of a value is none', 1_019, 0, 101],
  ])('%s', (_what, looked, repaired, left) => {
    expect(repairsLeft(limit, looked, repaired)).toBe(left);
  });

  test('a count below 100 counts', () => {
    expect(repairsLeft({ share: 1, count: 0 }, 1_000, 0)).toBe(0);
    expect(repairsLeft({ share: 1, count: 7 }, 0, 0)).toBe(7);
  });

  test('a value that both directions come upon counts once, and keys that are not ours never', () => {
    const tally = { ...emptyTally(), compared: 800, keys: 1_000_000 };
    tallyOf(tally, 'shop.products').keys = 700;
    tallyOf(tally, 'shop.brands').keys = 200;
    expect(lookedAt(tally)).toBe(900);
    expect(lookedAt({ ...tally, compared: 1_000 })).toBe(1_000);
  });
});
