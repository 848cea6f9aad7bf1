import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { kafkaError } from '../../../src/clients/kafka-error.js';

const { KafkaJSConnectionError, KafkaJSProtocolError } = kafkajs;
const protocolError = (type: string): Error =>
  Object.assign(new KafkaJSProtocolError(new Error(type)), { type });

describe("an error of Kafka's client", () => {
  test.each([
    ['a broken connection', new KafkaJSConnectionError('closed'), 'KAFKA_UNREACHABLE'],
    ['a refused socket', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'KAFKA_UNREACHABLE'],
    ['a missing right', protocolError('TOPIC_AUTHORIZATION_FAILED'), 'KAFKA_UNREACHABLE'],
    ['a batch that is too large', protocolError('MESSAGE_TOO_LARGE'), 'MESSAGE_TOO_LARGE'],
    ['a bug', new TypeError('key.copy is not a function'), 'BUG'],
  ])('that is %s is named', (_, error, code) => {
    expect(kafkaError(error, 'Sending').code).toBe(code);
  });
});
