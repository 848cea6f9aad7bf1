import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffDelayMs } from '../../../src/retry/backoff.js';

const backoffs = fc.record({
  backoffMs: fc.integer({ min: 1, max: 10_000 }),
  maxBackoffMs: fc.integer({ min: 10_000, max: 1_000_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});
const attempts = fc.integer({ min: 1, max: 100_000 });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('The backoff', () => {
  test('doubles from the first delay up to the cap', () => {
    const backoff = { backoffMs: 500, maxBackoffMs: 5_000, jitter: 0 };
    const delays = [1, 2, 3, 4, 5, 6].map((attempt) => backoffDelayMs(attempt, backoff, () => 0.7));
    expect(delays).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test('never exceeds the cap and stays within the jitter below the full delay', () => {
    fc.assert(
      fc.property(attempts, backoffs, chance, (attempt, backoff, random) => {
        const delayMs = backoffDelayMs(attempt, backoff, () => random);
        const fullMs = backoffDelayMs(attempt, { ...backoff, jitter: 0 }, () => 0);
        expect(fullMs).toBeLessThanOrEqual(backoff.maxBackoffMs);
        expect(delayMs).toBeLessThanOrEqual(fullMs);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(fullMs * (1 - backoff.jitter)));
      }),
    );
  });

  test('never shrinks with the attempts, given the same luck', () => {
    fc.assert(
      fc.property(attempts, backoffs, chance, (attempt, backoff, random) => {
        const now = backoffDelayMs(attempt, backoff, () => random);
        expect(backoffDelayMs(attempt + 1, backoff, () => random)).toBeGreaterThanOrEqual(now);
      }),
    );
  });
});
