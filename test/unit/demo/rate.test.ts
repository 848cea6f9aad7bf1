import { describe, expect, test } from 'vitest';
import { createRate } from '../../../infra/demo/rate.js';

describe('a rate', () => {
  test('is the growth of the counter over the last seconds', () => {
    let nowMs = 0;
    const rate = createRate(() => nowMs);
    for (nowMs = 0; nowMs <= 10_000; nowMs += 500)
      rate.observe(nowMs < 5000 ? nowMs : 5000 + (nowMs - 5000) / 10);
    nowMs = 10_000;
    expect(rate.perSecond()).toBeCloseTo(100);
  });

  test('is 0 before there are two observations', () => {
    const rate = createRate(() => 0);
    expect(rate.perSecond()).toBe(0);
    rate.observe(5);
    expect(rate.perSecond()).toBe(0);
  });
});
