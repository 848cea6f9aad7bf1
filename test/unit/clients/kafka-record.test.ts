import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KafkaRecord, encodeRecord, encodeRecordByKafkajs } from '../../../src/clients/kafka-record.js';

describe('the record encoder', () => {
  test("writes the same bytes as kafkajs's own", () => {
    const bytes = fc.uint8Array({ maxLength: 70_000, size: 'max' }).map((array) => Buffer.from(array));
    const record = fc.record({
      offsetDelta: fc.oneof(fc.nat(300), fc.nat(2 ** 30)),
      timestampDelta: fc.constant(0),
      key: bytes,
      value: bytes,
    });
    fc.assert(
      fc.property(record, (each: KafkaRecord) => {
        expect(encodeRecord(each).buffer.equals(encodeRecordByKafkajs(each).buffer)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('leaves to kafkajs what our changes never have', () => {
    const plain: KafkaRecord = {
      offsetDelta: 1,
      timestampDelta: 0,
      key: Buffer.from('k'),
      value: Buffer.from('v'),
    };
    for (const special of [
      { ...plain, key: null },
      { ...plain, key: 'text' },
      { ...plain, value: 'text' },
      { ...plain, timestampDelta: 7 },
      { ...plain, headers: { a: 'b' } },
    ]) {
      expect(encodeRecord(special).buffer).toEqual(encodeRecordByKafkajs(special).buffer);
    }
  });
});
