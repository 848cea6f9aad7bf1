import { describe, expect, test } from 'vitest';
import { type LagEvidence, computeLag, exceeds } from '../../../src/ops/lag.js';

const evidence: LagEvidence = {
  nowMs: 100_000,
  checkpoint: {
    position: { kind: 'gtid', gtidSet: 'a:1-5', file: 'f', offset: 7 },
    epoch: 1,
    currentAtMs: 90_000,
  },
  ahead: { transactions: true, bytes: 300 },
  ends: new Map([
    [0, 10n],
    [1, 5n],
  ]),
  starts: new Map([
    [0, 2n],
    [1, 0n],
  ]),
  groups: [{ stage: 'invalidate', group: 'g', committed: new Map([[1, 5n]]) }],
  retry: { depth: 3, oldestOverdueMs: 1_500 },
  deadLetters: 2,
};
const lagOf = (changes: Partial<LagEvidence> = {}) => computeLag({ ...evidence, ...changes }, () => 'here');

describe('the lag report', () => {
  test('tells the tail in seconds and bytes, groups in messages, retries and dead letters', () => {
    expect(lagOf()).toEqual({
      tail: { seconds: 10, bytes: 300, position: 'here' },
      groups: [{ stage: 'invalidate', group: 'g', messages: 8 }],
      retry: { jobs: 3, oldestOverdueSeconds: 1.5 },
      deadLetters: 2,
    });
  });

  test('a source that has logged nothing new is no lag, however old the checkpoint', () => {
    expect(lagOf({ nowMs: 9_000_000, ahead: { transactions: false, bytes: 0 } }).tail.seconds).toBe(0);
  });

  test('without a checkpoint nothing is claimed', () => {
    expect(lagOf({ checkpoint: undefined, ahead: undefined }).tail).toEqual({
      seconds: null,
      bytes: null,
      position: null,
    });
  });

  test('a limit is exceeded by the tail, by an overdue retry, and by having no checkpoint', () => {
    expect(exceeds(lagOf(), 11_000)).toBeUndefined();
    expect(exceeds(lagOf(), 9_000)).toContain('the tail is 10.0 s behind');
    expect(exceeds(lagOf({ nowMs: 90_000 }), 1_000)).toContain('overdue for 1.5 s');
    expect(exceeds(lagOf({ checkpoint: undefined, ahead: undefined }), 9_000)).toContain('no checkpoint');
  });
});
