import {
  type ChangeOrigin,
  imagesOf,
  type JsonValue,
  type RowChange,
  type RowImage,
} from '../domain/change.js';
import { partitionOf } from './partition.js';

/** A message ready for Kafka: bytes, and the partition chosen. */
export interface OutgoingMessage {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly partition: number;
}

export interface EncoderOptions {
  readonly name: string;
  readonly serverId: number;
  readonly partitions: number;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

export type ChangeEncoder = (changes: readonly RowChange[], origin: ChangeOrigin) => OutgoingMessage[];

/**
 * Makes the messages of one binlog event. An update that changes the row key becomes two messages, one under each
 * key, so that whoever follows either row sees it in order (guarantee 3).
 */
export function createEncoder({ name, serverId, partitions, now }: EncoderOptions): ChangeEncoder {
  return (changes, origin) => {
    const { table, gtid, file, offset, loggedAtMs } = origin;
    // All but the row's number is the same for the whole event, and is written once.
    const source =
      `"source":{"connector":"mysql","name":${JSON.stringify(name)},"db":${JSON.stringify(table.db)},` +
      `"table":${JSON.stringify(table.table)},"server_id":${serverId},"gtid":${JSON.stringify(gtid ?? null)},` +
      `"file":${JSON.stringify(file)},"pos":${offset},"ts_ms":${loggedAtMs},"row":`;
    const nowMs = now();
    const messages: OutgoingMessage[] = [];
    changes.forEach((change, row) => {
      const value = Buffer.from(`${body(change)},${source}${row}},"ts_ms":${nowMs},"v":1}`);
      let previousKey = '';
      for (const image of imagesOf(change)) {
        const key = keyText(image, origin.rowKey);
        if (key === previousKey) continue;
        previousKey = key;
        const bytes = Buffer.from(key);
        messages.push({ key: bytes, value, partition: partitionOf(bytes, partitions) });
      }
    });
    return messages;
  };
}

function body(change: RowChange): string {
  switch (change.operation) {
    case 'insert':
      return `{"op":"c","before":null,"after":${imageText(change.after)},"changed":[]`;
    case 'delete':
      return `{"op":"d","before":${imageText(change.before)},"after":null,"changed":[]`;
    case 'update':
      return `{"op":"u","before":${imageText(change.before)},"after":${imageText(change.after)},"changed":${JSON.stringify(change.changed)}`;
  }
}

const imageText = (image: RowImage): string => JSON.stringify(image);

function keyText(image: RowImage, rowKey: readonly string[]): string {
  const key: Record<string, JsonValue> = {};
  for (const column of rowKey) key[column] = image[column] ?? null;
  return JSON.stringify(key);
}
