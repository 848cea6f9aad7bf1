import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { crc32c } from '../../../src/clients/crc32c.js';
import { groupMessagesPerPartition } from '../../../src/clients/kafka-grouping.js';
import { encodeRecord } from '../../../src/clients/kafka-record.js';

const require = createRequire(import.meta.url);
const kafkajsCrc32c = require('kafkajs/src/protocol/recordBatch/crc32C/index.js') as typeof crc32c;
const kafkajsGrouping =
  require('kafkajs/src/producer/groupMessagesPerPartition.js') as typeof groupMessagesPerPartition;

describe('in the place of functions of kafkajs', () => {
  test("the checksum is the same as kafkajs's own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
        expect(crc32c(bytes)).toBe(kafkajsCrc32c(bytes));
      }),
    );
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283); // the check value of the algorithm's catalogue
  });

  test("messages are grouped as by kafkajs's own", () => {
    const messages = fc.array(fc.record({ partition: fc.nat(5), value: fc.string() }));
    fc.assert(
      fc.property(messages, fc.boolean(), (all, isKnown) => {
        const input = {
          topic: 't',
          partitionMetadata: isKnown ? [{}] : [],
          messages: all,
          partitioner: ({ message }: { message: { partition: number } }) => message.partition,
        };
        expect(groupMessagesPerPartition(input)).toEqual(kafkajsGrouping(input));
      }),
    );
  });

  test('ours are the ones that kafkajs uses', async () => {
    vi.resetModules();
    await import('../../../src/clients/kafka.js');
    expect(require('kafkajs/src/protocol/recordBatch/crc32C/index.js')).toHaveProperty('name', crc32c.name);
    expect(require('kafkajs/src/protocol/recordBatch/record/v0/index.js')).toHaveProperty(
      'name',
      encodeRecord.name,
    );
    const sendMessages = require('kafkajs/src/producer/sendMessages.js') as unknown;
    expect(sendMessages).toBeTypeOf('function');
  });
});
