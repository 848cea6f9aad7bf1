import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMessageBatch, unpack } from '../../../src/publish/message-batch.js';
import { partitionOf } from '../../../src/publish/partition.js';

describe('a packed batch', () => {
  test('gives back what was put in, in order, with the partition of each key', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 100 }), (messages) => {
        const batch = createMessageBatch(12);
        for (const [key, value] of messages) expect(batch.append(key, value)).toBe(true);
        const unpacked = unpack(batch.pack());
        expect(unpacked.map(({ key, value }) => [key.toString(), value.toString()])).toEqual(messages);
        for (const { key, partition } of unpacked) expect(partition).toBe(partitionOf(key, 12));
      }),
    );
  });

  test('is full when one partition would get more than a broker takes at once', () => {
    const batch = createMessageBatch(1);
    expect(batch.append('a', 'x'.repeat(500_000))).toBe(true);
    expect(batch.append('b', 'x'.repeat(500_000))).toBe(false);
    expect(unpack(batch.pack())).toHaveLength(1);
  });

  test('takes one message, however large', () => {
    const batch = createMessageBatch(1);
    expect(batch.append('a', 'é'.repeat(3_000_000))).toBe(true);
    expect(unpack(batch.pack())[0]?.value.length).toBe(6_000_000);
  });

  test('is full at a bounded number of messages', () => {
    const batch = createMessageBatch(4);
    let count = 0;
    while (batch.append(String(count), '')) count += 1;
    expect(count).toBe(batch.count);
    expect(count).toBe(2_000);
  });
});
