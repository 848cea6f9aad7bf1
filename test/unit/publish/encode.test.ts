import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChangeOrigin, RowChange } from '../../../src/domain/change.js';
import { parseMessage } from '../../../src/domain/message.js';
import { createEncoder } from '../../../src/publish/encode.js';
import { partitionOf } from '../../../src/publish/partition.js';

const table = { db: 'shop', table: 'products' };
const origin: ChangeOrigin = {
  table,
  rowKey: ['id'],
  gtid: 'uuid:7',
  file: 'binlog.000001',
  offset: 1234,
  loggedAtMs: 1_700_000_000_000,
};
const encoder = createEncoder({ name: 'shop', serverId: 9, now: () => 1_700_000_000_123 });

function encode(change: RowChange, from = origin): { key: string; value: string }[] {
  const messages: { key: string; value: string }[] = [];
  encoder([change], from, (key, value) => messages.push({ key, value }));
  return messages;
}

describe('encoding a change', () => {
  test("makes Debezium's envelope, without a schema", () => {
    const change: RowChange = {
      operation: 'update',
      table,
      before: { id: 42, stock: 1 },
      after: { id: 42, stock: 2 },
      changed: ['stock'],
    };
    const [message] = encode(change);
    expect(message?.key).toBe('{"id":42}');
    expect(JSON.parse(message?.value ?? '')).toEqual({
      before: { id: 42, stock: 1 },
      after: { id: 42, stock: 2 },
      changed: ['stock'],
      source: {
        connector: 'mysql',
        name: 'shop',
        db: 'shop',
        table: 'products',
        server_id: 9,
        gtid: 'uuid:7',
        file: 'binlog.000001',
        pos: 1234,
        ts_ms: 1_700_000_000_000,
        row: 0,
      },
      op: 'u',
      ts_ms: 1_700_000_000_123,
      v: 1,
    });
  });

  test('an update that changes the row key is told under both keys', () => {
    const change: RowChange = {
      operation: 'update',
      table,
      before: { id: 1 },
      after: { id: 2 },
      changed: ['id'],
    };
    const messages = encode(change);
    expect(messages.map(({ key }) => key)).toEqual(['{"id":1}', '{"id":2}']);
    expect(messages[0]?.value).toBe(messages[1]?.value);
  });

  test('a composite key is named in full, in the order of its columns', () => {
    const change: RowChange = { operation: 'insert', table, after: { shop: 3, id: 1, x: 0 } };
    const [message] = encode(change, { ...origin, rowKey: ['shop', 'id'] });
    expect(message?.key).toBe('{"shop":3,"id":1}');
  });

  test('whatever a row holds, the reader gets back what went in', () => {
    const text = fc.string({ unit: 'grapheme' });
    const image = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null)), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(image, image, fc.array(text), (before, after, changed) => {
        const change: RowChange = { operation: 'update', table, before, after, changed };
        const [message] = encode(change);
        expect(parseMessage(Buffer.from(message?.value ?? ''))).toEqual(change);
      }),
    );
  });
});

describe('the partition of a key', () => {
  test('is the same for the same key, and within bounds', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 500 }), (bytes, partitions) => {
        const key = Buffer.from(bytes);
        const partition = partitionOf(key, partitions);
        expect(partition).toBe(partitionOf(Buffer.from(bytes), partitions));
        expect(partition).toBeGreaterThanOrEqual(0);
        expect(partition).toBeLessThan(partitions);
      }),
    );
  });

  test('spreads consecutive ids evenly', () => {
    const counts = new Array<number>(12).fill(0);
    for (let id = 0; id < 12_000; id++) {
      const partition = partitionOf(Buffer.from(JSON.stringify({ id })), 12);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });

  test('is a contract: these keys stay where they are', () => {
    const keys = ['{"id":1}', '{"id":2}', '{"id":"a"}', ''];
    expect(keys.map((key) => partitionOf(Buffer.from(key), 12))).toMatchInlineSnapshot(`
      [
        0,
        9,
        11,
        1,
      ]
    `);
  });
});
