import { describe, expect, test } from 'vitest';
import { createLikeness } from '../../../src/reconcile/likeness.js';

function mismatchOf(compared: number, ways: Readonly<Record<string, number>>) {
  const likeness = createLikeness();
  likeness.compared(compared);
  for (const [how, times] of Object.entries(ways))
    for (let time = 0; time < times; time += 1) likeness.differs(how);
  return likeness.mismatch();
}

describe('whether a mapping is wrong', () => {
  test('it is if 95 of 100 values differ in the same way, and that way is told', () => {
    expect(mismatchOf(100, { price: 95, stock: 4 })).toEqual({ compared: 100, alike: 95, differs: 'price' });
  });

  test('it is not if 94 of 100 do', () => {
    expect(mismatchOf(100, { price: 94, stock: 6 })).toBeUndefined();
  });

  test('fewer than 50 values say nothing', () => {
    expect(mismatchOf(49, { price: 49 })).toBeUndefined();
    expect(mismatchOf(50, { price: 50 })).toMatchObject({ alike: 50 });
  });

  test('nothing compared, or nothing that differs, is no mismatch', () => {
    expect(mismatchOf(0, {})).toBeUndefined();
    expect(mismatchOf(1_000, {})).toBeUndefined();
  });

  test('values that turn out right later take it back', () => {
    const likeness = createLikeness();
    likeness.compared(50);
    for (let time = 0; time < 50; time += 1) likeness.differs('price');
    expect(likeness.mismatch()).toBeDefined();
    likeness.compared(50);
    expect(likeness.mismatch()).toBeUndefined();
  });

  test('ways of differing are counted up to a limit, and those that are known go on being counted', () => {
    const ways = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`way ${index}`, 1]));
    const likeness = createLikeness();
    likeness.compared(10_000);
    likeness.differs('price');
    for (const way of Object.keys(ways)) likeness.differs(way);
    for (let time = 1; time < 9_800; time += 1) likeness.differs('price');
    expect(likeness.mismatch()).toEqual({ compared: 10_000, alike: 9_800, differs: 'price' });
  });
});
