import { describe, expect, test, vi } from 'vitest';
import { type PackedBatch, createMessageBatch, unpack } from '../../../src/publish/message-batch.js';
import { countTogether, createSendQueue } from '../../../src/publish/send-queue.js';

function batchOf(key: string, bytes = 1): PackedBatch {
  const batch = createMessageBatch(4);
  batch.append(key, 'x'.repeat(bytes));
  return batch.pack();
}

function setUp() {
  const sends: { keys: string[]; acknowledge: () => void; refuse: (error: Error) => void }[] = [];
  const queue = createSendQueue(
    (batches) =>
      new Promise((acknowledge, refuse) => {
        sends.push({
          keys: batches.flatMap(unpack).map(({ key }) => key.toString()),
          acknowledge,
          refuse,
        });
      }),
  );
  const untilSent = (count: number): Promise<void> =>
    vi.waitFor(() => {
      expect(sends).toHaveLength(count);
    });
  return { queue, sends, untilSent };
}

describe('the send queue', () => {
  test('has one send at a time, and sends what came meanwhile together, in order', async () => {
    const { queue, sends, untilSent } = setUp();
    const pushed = ['a', 'b', 'c'].map((key) => queue.push(1, batchOf(key)));
    await new Promise(setImmediate);
    expect(sends.map(({ keys }) => keys)).toEqual([['a']]);
    sends[0]?.acknowledge();
    await untilSent(2);
    expect(sends[1]?.keys).toEqual(['b', 'c']);
    sends[1]?.acknowledge();
    await Promise.all(pushed);
  });

  test('after a failure sends nothing more of that session, but what belongs to the next one', async () => {
    const { queue, sends, untilSent } = setUp();
    const failing = [queue.push(1, batchOf('a')), queue.push(1, batchOf('b'))];
    sends[0]?.refuse(new Error('broker gone'));
    for (const each of failing) await expect(each).rejects.toThrow('broker gone');
    await expect(queue.push(1, batchOf('c'))).rejects.toThrow('broker gone');
    const next = queue.push(2, batchOf('a'));
    await untilSent(2);
    expect(sends[1]?.keys).toEqual(['a']);
    sends[1]?.acknowledge();
    await next;
  });
});

describe('what goes together', () => {
  test('is bounded in bytes, and at least one batch', () => {
    expect(countTogether([batchOf('a', 500_000), batchOf('b', 300_000), batchOf('c', 300_000)])).toBe(2);
    expect(countTogether([batchOf('a', 5_000_000), batchOf('b')])).toBe(1);
    expect(countTogether([batchOf('a')])).toBe(1);
  });
});
