import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheKey, Target } from '../../../src/domain/cache-key.js';
import { makeJobs, parseJob } from '../../../src/retry/job.js';

const failed = (target: Target, error = 'READONLY') => ({ target, error });
const keyed = (key: string): Target => ({ key: key as CacheKey });

describe('Retry jobs', () => {
  test('hold up to 200 targets each', () => {
    const jobs = makeJobs(
      Array.from({ length: 450 }, (_, index) => failed(keyed(`k${index}`))),
      'invalidate',
      7,
    );
    expect(jobs.map(({ targets }) => targets.length)).toEqual([200, 200, 50]);
    expect(jobs[0]).toMatchObject({
      v: 1,
      stage: 'invalidate',
      firstFailedAtMs: 7,
      attempts: 0,
      error: 'READONLY',
    });
  });

  test('with long keys stay small enough for one dead letter', () => {
    const jobs = makeJobs(Array(10).fill(failed(keyed('x'.repeat(40_000)))), 'invalidate', 0);
    expect(jobs.map(({ targets }) => targets.length)).toEqual([2, 2, 2, 2, 2]);
  });

  test('carry every target through JSON and back, whatever its characters', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', ':', '*', '"', '\\', '\n', '\u0000', '\u2028', 'é', '🗝', '\ud800'),
      maxLength: 8,
    });
    const target = fc.record({ key: text, field: text }, { requiredKeys: ['key'] });
    fc.assert(
      fc.property(fc.array(target, { maxLength: 250 }), (found) => {
        const targets = found as Target[];
        const jobs = makeJobs(
          targets.map((one) => failed(one)),
          's',
          0,
        );
        const back = jobs.flatMap((job) => parseJob(JSON.parse(JSON.stringify(job))).targets);
        expect(back).toEqual(targets);
      }),
      { numRuns: 20 },
    );
  });

  test('that are not ours are refused with what is wrong', () => {
    const good = { v: 1, targets: [{ key: 'a' }], stage: 's', firstFailedAtMs: 1, attempts: 0, error: '' };
    expect(parseJob({ ...good, dueAtMs: 5 })).toEqual(good);
    const bad = [
      null,
      'text',
      [],
      { ...good, v: 2 },
      { ...good, targets: [] },
      { ...good, targets: [{ key: 7 }] },
    ];
    for (const data of [...bad, { ...good, attempts: -1 }]) {
      expect(() => parseJob(data)).toThrow(expect.objectContaining({ code: 'MESSAGE_UNREADABLE' }));
    }
  });
});
