import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LockSession, becomeLeader } from '../../../src/tail/leader.js';

/** A server's lock session, whose answers the test decides. */
function sessionWith(answers: Partial<LockSession> = {}) {
  const state = { closed: false };
  const session: LockSession = {
    tryLock: () => Promise.resolve(true),
    stillHolds: () => Promise.resolve(true),
    close: () => {
      state.closed = true;
      return Promise.resolve();
    },
    ...answers,
  };
  return { session, state };
}

const lead = (session: LockSession, signal = new AbortController().signal) =>
  becomeLeader({
    name: 'shop',
    openSession: () => Promise.resolve(session),
    now: () => Date.now(),
    onStandby: () => undefined,
    signal,
  });

describe('the leader lock', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is ours while the server confirms it', async () => {
    const leadership = await lead(sessionWith().session);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(() => {
      leadership.demand();
    }).not.toThrow();
    await leadership.release();
  });

  test('is not surely ours when the server has been silent for longer than it would wait for us', async () => {
    const { session } = sessionWith({ stillHolds: () => new Promise(() => undefined) });
    const leadership = await lead(session);
    await vi.advanceTimersByTimeAsync(6_900);
    leadership.demand();
    await vi.advanceTimersByTimeAsync(200);
    expect(() => {
      leadership.demand();
    }).toThrow('not surely ours');
    await leadership.release();
  });

  test('is lost when another session holds it, and when asking fails', async () => {
    for (const stillHolds of [() => Promise.resolve(false), () => Promise.reject(new Error('gone'))]) {
      const leadership = await lead(sessionWith({ stillHolds }).session);
      await vi.advanceTimersByTimeAsync(3_100);
      expect(() => {
        leadership.demand();
      }).toThrow('not surely ours');
      await leadership.release();
    }
  });

  test('is waited for until the other gives it up', async () => {
    const answers = [false, false, true];
    const { session } = sessionWith({ tryLock: () => Promise.resolve(answers.shift() ?? true) });
    const leadership = await lead(session);
    expect(answers).toEqual([]);
    await leadership.release();
  });

  test('is not waited for after a stop, and its session is closed', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopping'));
    const { session, state } = sessionWith({ tryLock: () => Promise.resolve(false) });
    await expect(lead(session, stop.signal)).rejects.toThrow('stopping');
    expect(state.closed).toBe(true);
  });
});
