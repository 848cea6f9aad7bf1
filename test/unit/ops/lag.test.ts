import { describe, expect, test } from 'vitest';
import { type LagEvidence, computeLag, exceeds, messagesBehind } from '../../../src/ops/lag.js';

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

describe('the messages before a group', () => {
  type Offsets = readonly (readonly [partition: number, offset: bigint])[];
  const behind = (committed: Offsets, ends: Offsets, starts: Offsets = []): number =>
    messagesBehind(new Map(committed), { ends: new Map(ends), starts: new Map(starts) });

  test('are added up over the partitions', () => {
    expect(
      behind(
        [
          [0, 3n],
          [1, 5n],
        ],
        [
          [0, 10n],
          [1, 6n],
        ],
      ),
    ).toBe(8);
  });

  test('a partition that is further than the ends, which are older, hides none of another', () => {
    expect(
      behind(
        [
          [0, 100n],
          [1, 5n],
        ],
        [
          [0, 10n],
          [1, 8n],
        ],
      ),
    ).toBe(3);
    expect(behind([[0, 100n]], [[0, 10n]])).toBe(0);
  });

  test('a partition without a committed offset is read from its start', () => {
    expect(behind([], [[0, 10n]], [[0, 4n]])).toBe(6);
    expect(behind([], [[0, 10n]])).toBe(10);
  });

  test('what has expired before it was read is not before the group any more', () => {
    expect(behind([[0, 2n]], [[0, 10n]], [[0, 7n]])).toBe(3);
  });

  test('a partition that the group alone knows counts for nothing, and neither does a topic that is not there', () => {
    expect(behind([[7, 2n]], [[0, 0n]])).toBe(0);
    expect(messagesBehind(new Map([[0, 2n]]), { ends: undefined, starts: undefined })).toBe(0);
  });
});
