import { describe, expect, test } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import { decide, splitTargets, unreadable } from '../../../src/retry/decide.js';
import type { RetryJob } from '../../../src/retry/job.js';

const key = (text: string): CacheKey => text as CacheKey;
const job: RetryJob = {
  v: 1,
  targets: [{ key: 'a' }, { key: 'b', field: 'f' }],
  stage: 'invalidate',
  firstFailedAtMs: 1_000,
  attempts: 0,
  error: 'first',
};
const policy = { attemptsMax: 3, backoff: { backoffMs: 100, maxBackoffMs: 10_000, jitter: 0 } };
const failedB = [{ target: { key: key('b'), field: 'f' }, error: 'second' }];
const after = (attempts: number) =>
  decide({ ...job, attempts }, { kind: 'tried', failed: failedB }, policy, 9_000, () => 0);

describe('After an attempt', () => {
  test('a job whose targets are all deleted is finished', () => {
    expect(decide(job, { kind: 'tried', failed: [] }, policy, 0, () => 0)).toEqual({ do: 'finish' });
  });

  test('only what still fails comes again, later each time', () => {
    const rest = { ...job, targets: [{ key: 'b', field: 'f' }], error: 'second' };
    expect(after(0)).toEqual({ do: 'again', job: { ...rest, attempts: 1 }, delayMs: 200 });
    expect(after(1)).toEqual({ do: 'again', job: { ...rest, attempts: 2 }, delayMs: 400 });
  });

  test('the last attempt buries what still fails, with its history', () => {
    expect(after(2)).toMatchObject({
      do: 'bury',
      dead: {
        reason: 'RETRIES_EXHAUSTED',
        targets: [{ key: 'b', field: 'f' }],
        error: 'second',
        attempts: 3,
        firstAtMs: 1_000,
        lastAtMs: 9_000,
        stage: 'invalidate',
      },
    });
  });

  test('an outage of the whole cache counts no attempt and loses no target, even at the limit', () => {
    const decision = decide(
      { ...job, attempts: 2 },
      { kind: 'unreachable', error: 'away' },
      policy,
      0,
      () => 0,
    );
    expect(decision).toEqual({ do: 'again', job: { ...job, attempts: 2, error: 'away' }, delayMs: 5_000 });
  });
});

describe('A job from the queue', () => {
  test('is split into keys that a template makes and keys that none does', () => {
    const isOurs = (text: string): text is CacheKey => text === 'b';
    expect(splitTargets(job, isOurs)).toEqual({ ours: [{ key: 'b', field: 'f' }], foreign: [{ key: 'a' }] });
  });

  test('that cannot be read is kept as it was found, up to 64 Ki characters', () => {
    expect(unreadable({ x: 1 }, 'why', 5)).toMatchObject({ original: '{"x":1}', error: 'why', targets: [] });
    expect(unreadable('y'.repeat(100_000), '', 5).original).toHaveLength(65_536);
    expect(unreadable(undefined, '', 5).original).toBe('undefined');
  });
});
