import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import type { Alert } from '../../../src/ops/alerts.js';
import type { DeadJob } from '../../../src/retry/decide.js';
import { createReporter } from '../../../src/retry/reporter.js';

const dead = (...keys: string[]): DeadJob => ({
  reason: 'RETRIES_EXHAUSTED',
  targets: keys.map((key) => ({ key: key as CacheKey })),
  error: 'READONLY',
  attempts: 12,
  firstAtMs: 0,
  lastAtMs: 1,
  stage: 'invalidate',
});

describe('Reports of dead letters', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('go out at once, and those that follow within the interval as one', () => {
    const alerts: Alert[] = [];
    const reporter = createReporter({ alert: (alert) => alerts.push(alert), everyMs: 60_000 });
    reporter.report(dead('a', 'b'));
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({
      event: 'dead_letters',
      details: { keys: 2, sample: ['a', 'b'], attempts: 12 },
    });
    for (let count = 0; count < 1_000; count += 1) reporter.report(dead('c'));
    expect(alerts).toHaveLength(1);
    vi.advanceTimersByTime(60_000);
    expect(alerts).toHaveLength(2);
    expect(alerts[1]?.details).toMatchObject({ keys: 1_000, sample: Array(10).fill('c') });
    vi.advanceTimersByTime(600_000);
    expect(alerts).toHaveLength(2);
    reporter.report(dead('d'));
    expect(alerts).toHaveLength(3);
  });

  test('that are held back go out at the stop, and no timer stays', () => {
    const alerts: Alert[] = [];
    const reporter = createReporter({ alert: (alert) => alerts.push(alert) });
    reporter.report(dead('a'));
    reporter.report(dead('b'));
    reporter.stop();
    expect(alerts).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
