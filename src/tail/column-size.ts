/** A column as zongji's table map holds it. */
export interface MapColumn {
  readonly name: string;
  /** The type's number in the binlog. */
  readonly type: number;
  readonly metadata: ColumnMetadata | undefined;
}

export interface ColumnMetadata {
  readonly max_length?: number;
  readonly length_size?: number;
  readonly precision?: number;
  readonly decimals?: number;
  readonly size?: number;
  readonly bits?: number;
}

/** How many bytes a value takes in a row image, the length before it included. */
export type ColumnSize = (buffer: Buffer, offset: number) => number;

/** MySQL's type numbers (`enum_field_types`) whose values all have the same length. */
const FIXED = new Map<number, number>([
  [1, 1], // TINY
  [2, 2], // SHORT
  [3, 4], // LONG
  [4, 4], // FLOAT
  [5, 8], // DOUBLE
  [8, 8], // LONGLONG
  [9, 3], // INT24
  [10, 3], // DATE
  [13, 1], // YEAR
]);
/** With as many digits of a second as the metadata says. */
const TEMPORAL = new Map<number, number>([
  [17, 4], // TIMESTAMP2
  [18, 5], // DATETIME2
  [19, 3], // TIME2
]);
const VARCHAR = 15;
const BIT = 16;
const JSON = 245;
const NEWDECIMAL = 246;
const ENUM = 247;
const SET = 248;
const BLOB = 252;
const STRING = 254;
const GEOMETRY = 255;

/** Undefined for types that are not known here: their values have to be decoded to be passed. */
export function columnSize({ type, metadata = {} }: MapColumn): ColumnSize | undefined {
  const { max_length = 0, length_size = 0, precision = 0, decimals = 0, size = 0, bits = 0 } = metadata;
  const fixed = FIXED.get(type);
  if (fixed !== undefined) return () => fixed;
  const temporal = TEMPORAL.get(type);
  if (temporal !== undefined) return always(temporal + ((decimals + 1) >> 1));
  switch (type) {
    case VARCHAR:
    case STRING:
      return max_length > 255
        ? (buffer, offset) => 2 + buffer.readUInt16LE(offset)
        : (buffer, offset) => 1 + (buffer[offset] ?? 0);
    case BLOB:
    case JSON:
    case GEOMETRY:
      return (buffer, offset) => length_size + buffer.readUIntLE(offset, length_size);
    case NEWDECIMAL:
      return always(digitsBytes(precision - decimals) + digitsBytes(decimals));
    case ENUM:
    case SET:
      return always(size);
    case BIT:
      return always((bits + 7) >> 3);
    default:
      return undefined;
  }
}

const always =
  (bytes: number): ColumnSize =>
  () =>
    bytes;

/** Nine digits take four bytes; what is left over takes as few as it can. */
const REST_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4] as const;
const digitsBytes = (digits: number): number => Math.floor(digits / 9) * 4 + (REST_BYTES[digits % 9] ?? 0);
