/**
 * kafkajs 2.2.4 makes a zeroed buffer of 512 bytes or more for each record, and one more for each number in it: most
 * of what producing costs. This writes a record in one go; the bytes are the same.
 */
import { createRequire } from 'node:module';

/** A record as kafkajs hands it to its encoder. */
export interface KafkaRecord {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers?: object;
}

/** As much of kafkajs's Encoder as its record batches look at. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

type RecordEncoder = (record: KafkaRecord) => EncodedRecord;

/** For `createRequire`. */
export const RECORD_MODULE = 'kafkajs/src/protocol/recordBatch/record/v0/index.js';

/** kafkajs's own. */
export const encodeRecordByKafkajs = createRequire(import.meta.url)(RECORD_MODULE) as RecordEncoder;

/** Leaves to kafkajs what our changes never have: texts, nulls, headers, and times that differ within a batch. */
export function encodeRecord(record: KafkaRecord): EncodedRecord {
  const { offsetDelta, timestampDelta, key, value, headers } = record;
  const isPlain =
    Buffer.isBuffer(key) && Buffer.isBuffer(value) && timestampDelta === 0 && headers === undefined;
  if (!isPlain) return encodeRecordByKafkajs(record);
  // Attributes, time and number of headers take a byte each.
  const bodyBytes = 3 + varIntSize(offsetDelta) + sizedBytes(key) + sizedBytes(value);
  const buffer = Buffer.allocUnsafe(varIntSize(bodyBytes) + bodyBytes);
  let at = writeVarInt(buffer, 0, bodyBytes);
  buffer[at++] = 0; // attributes
  buffer[at++] = 0; // time, as a difference to the batch's
  at = writeVarInt(buffer, at, offsetDelta);
  at = writeVarInt(buffer, at, key.length);
  at += key.copy(buffer, at);
  at = writeVarInt(buffer, at, value.length);
  at += value.copy(buffer, at);
  buffer[at] = 0; // headers
  return { buf: buffer, buffer };
}

const sizedBytes = ({ length }: Buffer): number => varIntSize(length) + length;

/** Kafka's varints are zigzag; what is written here is never negative. */
const zigzag = (value: number): number => value * 2;

function varIntSize(value: number): number {
  let bytes = 1;
  for (let rest = zigzag(value); rest > 0x7f; rest >>>= 7) bytes += 1;
  return bytes;
}

function writeVarInt(buffer: Buffer, at: number, value: number): number {
  let rest = zigzag(value);
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}
