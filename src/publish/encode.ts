import { type ChangeOrigin, imagesOf, type RowChange, type RowImage } from '../domain/change.js';

export interface EncoderOptions {
  readonly name: string;
  readonly serverId: number;
  /** Wall clock, ms since 1970. */
  readonly now: () => number;
}

/** Hands each message on as the texts of its key and value. */
export type ChangeEncoder = (
  changes: readonly RowChange[],
  origin: ChangeOrigin,
  emit: (key: string, value: string) => void,
) => void;

/**
 * Makes the messages of one binlog event. An update that changes the row key becomes two messages, one under each
 * key, so that whoever follows either row sees it in order (guarantee 3).
 */
export function createEncoder({ name, serverId, now }: EncoderOptions): ChangeEncoder {
  return (changes, origin, emit) => {
    const { table, gtid, file, offset, loggedAtMs } = origin;
    // All but the row's number is the same for the whole event, and is written once.
    const source =
      `"source":{"connector":"mysql","name":${JSON.stringify(name)},"db":${JSON.stringify(table.db)},` +
      `"table":${JSON.stringify(table.table)},"server_id":${serverId},"gtid":${JSON.stringify(gtid ?? null)},` +
      `"file":${JSON.stringify(file)},"pos":${offset},"ts_ms":${loggedAtMs},"row":`;
    const nowMs = now();
    changes.forEach((change, row) => {
      const value = `${body(change)},${source}${row}},"ts_ms":${nowMs},"v":1}`;
      for (const image of imagesWithOwnKey(change, origin.rowKey)) emit(keyText(image, origin.rowKey), value);
    });
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

/** One image for each key that the change concerns. */
function imagesWithOwnKey(change: RowChange, rowKey: readonly string[]): readonly RowImage[] {
  if (change.operation !== 'update') return imagesOf(change);
  const { before, after } = change;
  return rowKey.every((column) => before[column] === after[column]) ? [after] : [before, after];
}

function keyText(image: RowImage, rowKey: readonly string[]): string {
  let text = '{';
  for (const column of rowKey) {
    if (text !== '{') text += ',';
    text += `${JSON.stringify(column)}:${JSON.stringify(image[column] ?? null)}`;
  }
  return `${text}}`;
}
