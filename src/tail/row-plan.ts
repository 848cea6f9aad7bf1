/**
 * Reads row images right from the binlog's bytes. In: a table's map, and the columns that are wanted of it. Out: images
 * with these columns as messages carry them, and for updates the names of all columns whose bytes changed.
 * A column that nobody wants is stepped over, not decoded, and one that an update left as it was is decoded once.
 */
import type { ColumnValue, RowImage } from '../domain/change.js';
import { type ColumnSize, type MapColumn, columnSize } from './column-size.js';
import { valueReader } from './column-value.js';

/** zongji's parser over a packet (checked against 0.9.0). */
export interface RowParser {
  readonly _buffer: Buffer;
  _offset: number;
}

export interface RowPlanOptions {
  readonly columns: readonly MapColumn[];
  /** As information_schema's DATA_TYPE names them, by column. */
  readonly types: readonly string[];
  readonly wanted: ReadonlySet<string>;
  /** zongji's own decoding of the column at this index. */
  readonly decode: (parser: RowParser, index: number) => unknown;
}

export interface UpdatedRow {
  readonly before: RowImage;
  readonly after: RowImage;
  /** All columns whose bytes differ, wanted or not. */
  readonly changed: readonly string[];
}

export interface RowPlan {
  /** @param present which columns the image holds, a bit each */
  image(parser: RowParser, present: Buffer): RowImage;
  update(parser: RowParser, presentBefore: Buffer, presentAfter: Buffer): UpdatedRow;
}

interface PlannedColumn {
  readonly name: string;
  readonly isWanted: boolean;
  /** Undefined for types whose length only decoding tells. */
  readonly size: ColumnSize | undefined;
  readonly read: (parser: RowParser) => ColumnValue;
}

/** Where a value begins that is NULL, or that the image lacks. */
const NOWHERE = -1;

type Image = Record<string, ColumnValue>;

export function createRowPlan({ columns, types, wanted, decode }: RowPlanOptions): RowPlan {
  const planned = columns.map((column, index): PlannedColumn => {
    const toValue = valueReader(types[index] ?? '');
    return {
      name: column.name,
      isWanted: wanted.has(column.name),
      size: columnSize(column),
      read: (parser) => toValue(decode(parser, index)),
    };
  });
  const layout: Layout = {
    planned,
    starts: new Int32Array(columns.length),
    ends: new Int32Array(columns.length),
  };
  return {
    image: (parser, present) => readImage(layout, parser, present),
    update: (parser, presentBefore, presentAfter) =>
      readAfter(layout, parser, presentAfter, readImage(layout, parser, presentBefore)),
  };
}

interface Layout {
  readonly planned: readonly PlannedColumn[];
  /** Where the values of the image read last lie; {@link NOWHERE} where there is none. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

function readImage({ planned, starts, ends }: Layout, parser: RowParser, present: Buffer): Image {
  const image: Image = {};
  const nulls = startImage(parser, present, planned.length);
  let index = 0;
  let bit = 0;
  for (const column of planned) {
    const isHere = isSet(present, 0, index);
    const isNull = !isHere || isSet(parser._buffer, nulls, bit);
    if (isHere) bit += 1;
    starts[index] = isNull ? NOWHERE : parser._offset;
    if (!isNull) readInto(image, column, parser);
    else if (column.isWanted) image[column.name] = null;
    ends[index] = parser._offset;
    index += 1;
  }
  return image;
}

/** @param before what was read last */
function readAfter(
  { planned, starts, ends }: Layout,
  parser: RowParser,
  present: Buffer,
  before: Image,
): UpdatedRow {
  const after: Image = {};
  const changed: string[] = [];
  const nulls = startImage(parser, present, planned.length);
  let index = 0;
  let bit = 0;
  for (const column of planned) {
    const isHere = isSet(present, 0, index);
    const isNull = !isHere || isSet(parser._buffer, nulls, bit);
    if (isHere) bit += 1;
    const start = starts[index] ?? NOWHERE;
    const length = (ends[index] ?? 0) - start;
    if (isNull) {
      if (start !== NOWHERE) changed.push(column.name);
      if (column.isWanted) after[column.name] = null;
    } else if (isRepeated(parser, column, start, length)) {
      parser._offset += length;
      if (column.isWanted) after[column.name] = before[column.name] ?? null;
    } else {
      const from = parser._offset;
      readInto(after, column, parser);
      const isSame = sameValue(parser._buffer, start, length, from, parser._offset - from);
      if (!isSame) changed.push(column.name);
    }
    index += 1;
  }
  return { before, after, changed };
}

function readInto(image: Image, { name, isWanted, size, read }: PlannedColumn, parser: RowParser): void {
  if (!isWanted && size !== undefined) {
    parser._offset += size(parser._buffer, parser._offset);
    return;
  }
  const value = read(parser);
  if (isWanted) image[name] = value;
}

/** Whether the parser stands before the same bytes as lie at `start`. */
function isRepeated(
  { _buffer, _offset }: RowParser,
  { size }: PlannedColumn,
  start: number,
  length: number,
): boolean {
  return size !== undefined && sameValue(_buffer, start, length, _offset, size(_buffer, _offset));
}

const sameValue = (
  buffer: Buffer,
  one: number,
  oneLength: number,
  other: number,
  otherLength: number,
): boolean => one !== NOWHERE && oneLength === otherLength && sameBytes(buffer, one, other, oneLength);

/** Above this, a call into the runtime costs less than a loop. */
const LOOP_BYTES_MAX = 24;

function sameBytes(buffer: Buffer, one: number, other: number, length: number): boolean {
  if (length > LOOP_BYTES_MAX) return buffer.compare(buffer, one, one + length, other, other + length) === 0;
  for (let at = 0; at < length; at++) if (buffer[one + at] !== buffer[other + at]) return false;
  return true;
}

/** An image begins with a bit for each column that it holds: whether it is NULL. Returns where these bits lie. */
function startImage(parser: RowParser, present: Buffer, columnCount: number): number {
  const nulls = parser._offset;
  let here = 0;
  for (let index = 0; index < columnCount; index++) if (isSet(present, 0, index)) here += 1;
  parser._offset += (here + 7) >> 3;
  return nulls;
}

const isSet = (buffer: Buffer, offset: number, bit: number): boolean =>
  ((buffer[offset + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
