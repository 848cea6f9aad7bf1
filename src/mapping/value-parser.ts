/**
 * In: the text that a key shows of a column, and the column's type. Out: the value, typed so that MySQL can look it up.
 * Only the one text that `render` makes of a value is read: `007` is no integer, so that two keys never name one row.
 */
import type { DbValue } from '../domain/db-row.js';

/**
 * The value that a text shows.
 *
 * - undefined: no value has this text.
 * - null: some value may have it, but it cannot be told which. (NULL itself makes no key.)
 */
export type Reading = DbValue | undefined;

export interface ValueParser {
  /** No value has a longer text, in UTF-16 units. */
  readonly lengthMax: number;
  /** False if the reading of any text is null. */
  readonly tells: boolean;
  readonly read: (text: string) => Reading;
}

/** For types that no key can show, and for those that we do not know. */
const untold: ValueParser = { lengthMax: Infinity, tells: false, read: () => null };

/** @param type as in {@link ColumnInfo}; undefined if there is no such column */
export function valueParserOf(type: string | undefined): ValueParser {
  return (type === undefined ? undefined : parsers.get(type)) ?? untold;
}

const telling = (lengthMax: number, read: ValueParser['read']): ValueParser => ({
  lengthMax,
  tells: true,
  read,
});

/** From the least signed to the greatest unsigned value, since the schema does not say which of both a column is. */
const integerRanges: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  tinyint: [-(2n ** 7n), 2n ** 8n - 1n],
  smallint: [-(2n ** 15n), 2n ** 16n - 1n],
  mediumint: [-(2n ** 23n), 2n ** 24n - 1n],
  int: [-(2n ** 31n), 2n ** 32n - 1n],
  bigint: [-(2n ** 63n), 2n ** 64n - 1n],
};
const canonicalInteger = /^(?:0|-?[1-9]\d*)$/;

function integerParser(min: bigint, max: bigint): ValueParser {
  const [least, greatest] = [Number(min), Number(max)];
  return telling(20, (text) => {
    if (!canonicalInteger.test(text)) return undefined;
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number >= least && number <= greatest ? number : undefined;
    const exact = BigInt(text);
    return exact >= min && exact <= max ? text : undefined;
  });
}

const canonicalDecimal = /^(?!-[0.]*$)-?(?:0|[1-9]\d*)(?:\.\d{1,30})?$/;
const decimalLengthMax = 67; // 65 digits, sign and point

/** MySQL prints 1901 to 2155; the year 0000 reaches messages as 0. */
const readYear: ValueParser['read'] = (text) =>
  text === '0' || (/^[12]\d{3}$/.test(text) && text >= '1901' && text <= '2155') ? Number(text) : undefined;

/** With 0000-00-00 and 2024-02-31, which a table may hold if its writers' sql_mode allowed them. */
const datePattern = /^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])$/;
const dateTimePattern =
  /^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01]) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/;
/** Up to 838:59:59, and no negative zero. */
const timePattern = /^(?!-[0:.]*$)-?(?:\d\d|[1-7]\d\d|8[0-2]\d|83[0-8]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/;

const shapedLike =
  (pattern: RegExp): ValueParser['read'] =>
  (text) =>
    pattern.test(text) ? text : undefined;

const readBase64: ValueParser['read'] = (text) => {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined; // Buffer.from skips what is no base64
};

const textTypes = ['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'];
const binaryTypes = ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'];

const parsers: ReadonlyMap<string, ValueParser> = new Map([
  ...Object.entries(integerRanges).map(([type, range]) => [type, integerParser(...range)] as const),
  ['decimal', telling(decimalLengthMax, shapedLike(canonicalDecimal))] as const,
  ['date', telling(10, shapedLike(datePattern))] as const,
  ...['datetime', 'timestamp'].map((type) => [type, telling(26, shapedLike(dateTimePattern))] as const),
  ['time', telling(17, shapedLike(timePattern))] as const,
  ['year', telling(4, readYear)] as const,
  ...textTypes.map((type) => [type, telling(Infinity, (text) => text)] as const),
  ...binaryTypes.map((type) => [type, telling(Infinity, readBase64)] as const),
]);
