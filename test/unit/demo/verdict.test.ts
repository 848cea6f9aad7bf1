import { Chalk } from 'chalk';
import { describe, expect, test } from 'vitest';
import { describeVerdict, judge, type Outcome } from '../../../infra/demo/verdict.js';

const good: Outcome = {
  changes: 12_345,
  compared: 8210,
  staleKeys: [],
  staleWithoutUnstale: 3012,
  drained: true,
  untold: { stale: 512, found: 512, left: 0 },
  unstaleExitCode: 0,
  commitToDelete: { probes: 400, p50Ms: 1.8, p99Ms: 6.2 },
  probesGivenUp: 0,
};
const stale = { key: 'product:1:stock', cached: '5', expected: '4' };
const textOf = (outcome: Outcome) => describeVerdict(judge(outcome), new Chalk({ level: 0 })).join('\n');

describe('judge', () => {
  test('is fine if nothing is stale and unstale ended well', () => {
    expect(judge(good).fine).toBe(true);
  });

  test.each<[string, Partial<Outcome>]>([
    ['a key is stale', { staleKeys: [stale] }],
    ['unstale still had work', { drained: false }],
    ['reconcile left something', { untold: { stale: 512, found: 500, left: 12 } }],
    ['nothing was changed past the binlog', { untold: { stale: 0, found: 0, left: 0 } }],
    ['unstale failed', { unstaleExitCode: 1 }],
    ['unstale had to be killed', { unstaleExitCode: null }],
    ['nothing was cached, so that nothing was proven', { compared: 0 }],
  ])('is not fine if %s', (_, part) => {
    const verdict = judge({ ...good, ...part });
    expect(verdict.fine).toBe(false);
  });

  test('counts all stale keys and names a few', () => {
    const verdict = judge({ ...good, staleKeys: Array.from({ length: 9 }, () => stale) });
    expect(verdict.stale).toBe(9);
    expect(verdict.examples).toHaveLength(5);
  });
});

describe('describeVerdict', () => {
  test('is short if all is fine', () => {
    expect(textOf(good)).toBe(
      [
        'verdict: 12,345 changes, 8,210 cached values compared, 0 stale',
        '         (3,012 were stale without unstale)',
        '         commit to delete: p50 1.8 ms, p99 6.2 ms (400 probes)',
        '         past the binlog: 512 more went stale, reconcile found 512, 0 are left',
      ].join('\n'),
    );
  });

  test('says what was wrong', () => {
    const text = textOf({
      ...good,
      staleKeys: [stale],
      drained: false,
      unstaleExitCode: 1,
      probesGivenUp: 2,
    });
    expect(text).toContain('stale: product:1:stock holds 5, should hold 4');
    expect(text).toContain('2 probed keys were not deleted in time');
    expect(text).toContain('unstale had not dealt with all changes');
    expect(text).toContain('exit with 0 (1)');
  });
});
