import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommitMark } from '../../../src/domain/position.js';
import { createAckWindow } from '../../../src/publish/ack-window.js';

const mark = (offset: number): CommitMark => ({ file: 'binlog.000001', offset, loggedAtMs: 0 });

function recordingWindow() {
  const advanced: number[] = [];
  const window = createAckWindow(({ offset }) => advanced.push(offset));
  return { window, advanced };
}

describe('the acknowledgement window', () => {
  test('a transaction without messages advances at once when nothing is open', () => {
    const { window, advanced } = recordingWindow();
    window.committed(mark(1));
    expect(advanced).toEqual([1]);
  });

  test('a transaction advances only when its last message is acknowledged', () => {
    const { window, advanced } = recordingWindow();
    window.pushed(2);
    window.committed(mark(1));
    window.acknowledged(1);
    expect(advanced).toEqual([]);
    window.acknowledged(1);
    expect(advanced).toEqual([1]);
  });

  test('a transaction without messages waits for those before it', () => {
    const { window, advanced } = recordingWindow();
    window.pushed(1);
    window.committed(mark(1));
    window.committed(mark(2));
    expect(window.openMarks).toBe(2);
    window.acknowledged(1);
    expect(advanced).toEqual([1, 2]);
  });

  test('messages of a transaction that is still open advance nothing', () => {
    const { window, advanced } = recordingWindow();
    window.pushed(3);
    window.acknowledged(3);
    expect(advanced).toEqual([]);
  });

  test('whatever the order of events, no mark passes an unacknowledged message, and none is left behind', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('commit' as const), count: fc.constant(0) }),
      fc.record({ kind: fc.constant('ack' as const), count: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let [pushed, acknowledged] = [0, 0];
        const pushedBefore: number[] = [];
        const advanced: number[] = [];
        const window = createAckWindow(({ offset }) => {
          expect(pushedBefore[offset]).toBeLessThanOrEqual(acknowledged);
          advanced.push(offset);
        });
        for (const { kind, count } of steps) {
          if (kind === 'push') {
            pushed += count;
            window.pushed(count);
          } else if (kind === 'commit') {
            pushedBefore.push(pushed);
            window.committed(mark(pushedBefore.length - 1));
          } else {
            const possible = Math.min(count, pushed - acknowledged);
            acknowledged += possible;
            window.acknowledged(possible);
          }
        }
        const complete = pushedBefore.flatMap((before, index) => (before <= acknowledged ? [index] : []));
        expect(advanced).toEqual(complete);
      }),
    );
  });
});
