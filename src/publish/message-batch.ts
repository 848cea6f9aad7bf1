import { partitionOf } from './partition.js';

/** Messages for one send, packed so that a thread can hand them to another without copying. */
export interface PackedBatch {
  /** Keys and values, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Three numbers a message: length of its key, length of its value, partition. */
  readonly layout: Uint32Array<ArrayBuffer>;
}

export interface MessageBatch {
  readonly count: number;
  /** On the wire, about. */
  readonly sizeBytes: number;
  /** False when the batch is full: then the message is not in it, and belongs to the next one. */
  append(key: string, value: string): boolean;
  pack(): PackedBatch;
}

/** kafkajs copies a partition's list for each message that it adds, so long lists cost more than more sends. */
const MESSAGES_MAX = 2_000;
/** Kafka refuses a batch above max.message.bytes, 1 MB by default, and one send makes one batch a partition. */
const PARTITION_BYTES_MAX = 900_000;
/** What a record costs besides key and value. */
const OVERHEAD_BYTES = 32;
const FIRST_CAPACITY_BYTES = 2 * 1_024;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

/** Takes at least one message, however large it is. */
export function createMessageBatch(partitions: number): MessageBatch {
  const partitionBytes = new Uint32Array(partitions);
  const layout: number[] = [];
  let buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY_BYTES);
  let length = 0;
  let count = 0;

  const reserve = (bytes: number): void => {
    if (length + bytes <= buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * buffer.length, length + bytes));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  return {
    get count() {
      return count;
    },
    get sizeBytes() {
      return length + count * OVERHEAD_BYTES;
    },
    append(key, value) {
      if (count === MESSAGES_MAX) return false;
      reserve((key.length + value.length) * BYTES_PER_UNIT_MAX);
      const keyBytes = buffer.write(key, length);
      const valueBytes = buffer.write(value, length + keyBytes);
      const partition = partitionOf(buffer, partitions, length, length + keyBytes);
      const inPartition = (partitionBytes[partition] ?? 0) + keyBytes + valueBytes + OVERHEAD_BYTES;
      if (count > 0 && inPartition > PARTITION_BYTES_MAX) return false;
      partitionBytes[partition] = inPartition;
      layout.push(keyBytes, valueBytes, partition);
      length += keyBytes + valueBytes;
      count += 1;
      return true;
    },
    pack: () => ({ bytes: new Uint8Array(buffer.buffer, 0, length), layout: Uint32Array.from(layout) }),
  };
}

/** A message as Kafka's client takes it. */
export interface OutgoingMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly partition: number;
}

/** Views on the batch's bytes, not copies. */
export function unpack({ bytes, layout }: PackedBatch): OutgoingMessage[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: OutgoingMessage[] = [];
  let at = 0;
  for (let index = 0; index < layout.length; index += 3) {
    const keyEnd = at + (layout[index] ?? 0);
    const valueEnd = keyEnd + (layout[index + 1] ?? 0);
    const partition = layout[index + 2] ?? 0;
    messages.push({ key: all.subarray(at, keyEnd), value: all.subarray(keyEnd, valueEnd), partition });
    at = valueEnd;
  }
  return messages;
}
