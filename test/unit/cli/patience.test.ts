import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type PatienceOptions, createPatience, patient } from '../../../src/cli/patience.js';
import { UnstaleError } from '../../../src/errors.js';

vi.mock('node:timers/promises', () => import('../../support/timers-promises.js'));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const away = new UnstaleError('REDIS_UNREACHABLE', 'Redis is away');
const patienceWith = (options: Partial<PatienceOptions> = {}) =>
  createPatience({
    waitMaxMs: 5_000,
    signal: new AbortController().signal,
    onWait: vi.fn(),
    onOver: vi.fn(),
    ...options,
  });
/** Fails so many times. */
const failing = (times: number, error: Error = away) => {
  let left = times;
  return vi.fn(() => {
    left -= 1;
    return left >= 0 ? Promise.reject(error) : Promise.resolve('done');
  });
};
/** What a promise comes to, while time passes. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  await vi.runAllTimersAsync();
  return promise;
}
const taking = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

describe('patience', () => {
  test('what succeeds is not waited for', async () => {
    const [onWait, onOver] = [vi.fn(), vi.fn()];
    const patience = patienceWith({ onWait, onOver });
    expect(await settled(patience.of(failing(0)))).toBe('done');
    expect([onWait.mock.calls, onOver.mock.calls, patience.waitedMs()]).toEqual([[], [], 0]);
  });

  test('a server that is away for a while is tried again, and the wait is told and counted', async () => {
    const [onWait, onOver] = [vi.fn(), vi.fn()];
    const patience = patienceWith({ onWait, onOver });
    expect(await settled(patience.of(failing(4)))).toBe('done');
    expect(onWait).toHaveBeenCalledTimes(4);
    expect(onWait).toHaveBeenCalledWith(away);
    expect(onOver).toHaveBeenCalledTimes(1);
    expect(patience.waitedMs()).toBe(2_000);
  });

  test('one that stays away is given up with its last error', async () => {
    const attempt = failing(1_000);
    await expect(settled(patienceWith().of(attempt))).rejects.toBe(away);
    expect(attempt.mock.calls.length).toBeGreaterThanOrEqual(10);
    expect(attempt.mock.calls.length).toBeLessThanOrEqual(12);
  });

  test('an attempt that itself took long is no wait: its first failure is not its last', async () => {
    let attempts = 0;
    const attempt = async (): Promise<string> => {
      attempts += 1;
      if (attempts > 1) return 'done';
      await taking(60_000);
      throw away;
    };
    expect(await settled(patienceWith().of(attempt))).toBe('done');
  });

  test.each([
    ['a bug', new TypeError('x is undefined')],
    ['what no wait mends', new UnstaleError('MYSQL_ACCESS_DENIED', 'denied')],
    ['a pipeline that is behind, which has been waited for', new UnstaleError('PIPELINE_BEHIND', 'behind')],
  ])('%s is thrown at once', async (_what, error) => {
    const attempt = failing(1, error);
    await expect(settled(patienceWith().of(attempt))).rejects.toBe(error);
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  test('two that wait at the same time have waited once', async () => {
    const patience = patienceWith();
    await settled(Promise.all([patience.of(failing(4)), patience.of(failing(2))]));
    expect(patience.waitedMs()).toBe(2_000);
  });

  test('waits one after another are added up', async () => {
    const patience = patienceWith();
    for (let time = 0; time < 3; time += 1) await settled(patience.of(failing(1)));
    expect(patience.waitedMs()).toBe(1_500);
  });

  test('each call has its own patience', async () => {
    const patience = patienceWith();
    for (let time = 0; time < 3; time += 1) expect(await settled(patience.of(failing(9)))).toBe('done');
  });

  test('an abort ends a wait', async () => {
    const aborting = new AbortController();
    const waiting = patienceWith({ signal: aborting.signal }).of(failing(1_000));
    const failed = expect(waiting).rejects.toThrow('aborted');
    await vi.advanceTimersByTimeAsync(700);
    aborting.abort();
    await failed;
  });
});

test('a patient client has the same functions, each of them patient, and the same fields', async () => {
  const read = failing(2);
  const client = patient(
    { read: (key: string) => read().then((text) => `${key} ${text}`), name: 'cache' },
    patienceWith(),
  );
  expect(await settled(client.read('a'))).toBe('a done');
  expect(client.name).toBe('cache');
  expect(read).toHaveBeenCalledTimes(3);
});
