import { describe, expect, test } from 'vitest';
import type { IncomingMessage } from '../../../src/domain/batch.js';
import { createSettler } from '../../../src/settle/settler.js';

const at = (timestamp: number): IncomingMessage => ({
  offset: '0',
  key: null,
  value: null,
  timestamp: String(timestamp),
});

function settlerAt(nowMs: number, { handled, partition = 0 }: { handled?: number; partition?: number } = {}) {
  const batches: number[] = [];
  const settle = createSettler({
    afterMs: 2_000,
    now: () => nowMs,
    handle: ({ messages }) => {
      batches.push(messages.length);
      return Promise.resolve({
        handled: handled ?? messages.length,
        retryInMs: handled === undefined ? 0 : 1_000,
      });
    },
  });
  return { settle: (messages: IncomingMessage[]) => settle({ partition, messages }), batches };
}

describe('settling', () => {
  test('handles what is due, and asks to come back when the next one is', async () => {
    const { settle, batches } = settlerAt(10_000);
    expect(await settle([at(7_000), at(8_000), at(9_000), at(9_500)])).toEqual({
      handled: 2,
      retryInMs: 1_000,
    });
    expect(batches).toEqual([2]);
  });

  test('never handles anything early', async () => {
    const { settle, batches } = settlerAt(10_000);
    expect(await settle([at(8_001)])).toEqual({ handled: 0, retryInMs: 500 });
    expect(batches).toEqual([]);
  });

  test('a partition comes back at its own ticks, whenever its changes are due, and other partitions at others', async () => {
    const comesBackAt = async (timestamp: number, partition: number): Promise<number> => {
      const { settle } = settlerAt(10_100, { partition });
      return 10_100 + (await settle([at(timestamp)])).retryInMs;
    };
    const moments = await Promise.all([8_300, 8_420, 8_500].map((timestamp) => comesBackAt(timestamp, 0)));
    expect(moments).toEqual([10_500, 10_500, 10_500]);
    expect(await comesBackAt(8_300, 1)).toBe(10_597);
  });

  test('a message that is not due holds back those behind it', async () => {
    const { settle } = settlerAt(10_000);
    expect((await settle([at(9_000), at(1)])).handled).toBe(0);
  });

  test('what the first look could not do is not passed either', async () => {
    const { settle } = settlerAt(10_000, { handled: 1 });
    expect(await settle([at(1), at(2), at(9_999)])).toEqual({ handled: 1, retryInMs: 1_000 });
  });
});
