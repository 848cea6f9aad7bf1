import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createHealth, startHealthWatch } from '../../../src/ops/health.js';
import { type Logger, createLogger } from '../../../src/ops/logger.js';

function healthAt() {
  const clock = { nowMs: 0 };
  const health = createHealth({ nowMs: () => clock.nowMs });
  return { clock, health, stage: health.stage('invalidate'), state: () => health.states()[0] };
}

describe('A stage', () => {
  test('is not ready until it says so, and stalled when it never does', () => {
    const { clock, stage, state } = healthAt();
    expect(state()).toMatchObject({ state: 'starting', ready: false });
    clock.nowMs = 30_000;
    expect(state()).toMatchObject({ state: 'stalled', ready: false, reason: 'starting' });
    stage.ready();
    expect(state()).toMatchObject({ state: 'ready', ready: true, forMs: 0 });
  });

  test('with work and no progress for 30 s is not ready, whatever else it says meanwhile', () => {
    const { clock, health, stage, state } = healthAt();
    stage.ready();
    clock.nowMs = 1_000_000;
    stage.waiting('for Redis');
    clock.nowMs += 29_999;
    stage.waiting('for Redis to answer');
    expect(state()).toMatchObject({ state: 'waiting', ready: true });
    expect(health.check()).toEqual([]);
    clock.nowMs += 1;
    expect(health.check()).toEqual([
      { stage: 'invalidate', state: 'stalled', ready: false, reason: 'for Redis to answer', forMs: 30_000 },
    ]);
  });

  test('that makes progress now and then is ready', () => {
    const { clock, stage, state } = healthAt();
    for (let count = 0; count < 10; count += 1) {
      clock.nowMs += 29_000;
      stage.progress();
      stage.waiting('for Redis');
      expect(state()).toMatchObject({ ready: true });
    }
  });

  test('without work is ready for any time', () => {
    const { clock, stage, state } = healthAt();
    stage.ready('stands by: another tail leads');
    clock.nowMs = 1e9;
    expect(state()).toMatchObject({ state: 'ready', reason: 'stands by: another tail leads' });
  });

  test('that waits before it was ever ready is not ready', () => {
    const { stage, state } = healthAt();
    stage.waiting('for MySQL');
    expect(state()).toMatchObject({ state: 'waiting', ready: false });
  });

  test('that has failed stays failed', () => {
    const { stage, health } = healthAt();
    stage.failed('the topic is unsafe');
    stage.progress();
    stage.ready();
    expect(health.check()).toMatchObject([{ state: 'failed', reason: 'the topic is unsafe' }]);
  });

  test('asked for twice is the same', () => {
    const { health, stage } = healthAt();
    health.stage('invalidate').ready();
    stage.waiting('for Redis');
    expect(health.states()).toHaveLength(1);
  });
});

describe('The health watch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function logLines(): { log: Logger; lines: Record<string, unknown>[] } {
    const lines: Record<string, unknown>[] = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    return { log: createLogger({ level: 'info', destination: { write } }), lines };
  }

  test('logs a stall once, with stage and reason, and its end once', () => {
    const { clock, health, stage } = healthAt();
    const { log, lines } = logLines();
    const up: [string, boolean][] = [];
    stage.ready();
    const watch = startHealthWatch({ health, log, everyMs: 1_000, observe: (...seen) => up.push(seen) });
    stage.waiting('for Redis');
    clock.nowMs = 30_000;
    vi.advanceTimersByTime(5_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'error',
      stage: 'invalidate',
      reason: 'for Redis',
      forMs: 30_000,
    });
    stage.progress();
    vi.advanceTimersByTime(5_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ level: 'info', stage: 'invalidate' });
    expect(up[0]).toEqual(['invalidate', true]);
    expect(up).toContainEqual(['invalidate', false]);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
