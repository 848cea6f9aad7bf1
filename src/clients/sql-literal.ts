/**
 * In: names and values. Out: SQL text for them that means the same whatever the server's sql_mode, since text is
 * written as bytes and nothing is escaped but backticks. Guarantee: a literal is of its column's own type, so that an
 * index serves the comparison and no integer is compared as a float; a value that the type can't hold has no literal.
 */
import type { TableName } from '../domain/change.js';
import type { DbValue } from '../domain/db-row.js';

/** What a comparison with a column depends on. */
export interface ColumnFacts {
  readonly name: string;
  /** DATA_TYPE in lower case. */
  readonly type: string;
  /** Of text columns, ENUM and SET. */
  readonly charset?: string | undefined;
  readonly collation?: string | undefined;
  /** Of ENUM and SET: the largest number that stands for a value. */
  readonly numberMax?: number | undefined;
  readonly zerofill?: boolean | undefined;
}

export const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export const qualifiedName = ({ db, table }: TableName): string => `${identifier(db)}.${identifier(table)}`;

/** Text in the connection's charset; MySQL converts it to that of the column it is compared with, or fails. */
export const textLiteral = (text: string): string => `_utf8mb4 x'${Buffer.from(text).toString('hex')}'`;

/**
 * Charsets whose every text survives the way to utf8mb4 and back. Others have bytes without a character, or two
 * encodings of one character (cp932), or lack ASCII characters (swe7).
 */
export const ROUND_TRIP_CHARSETS: ReadonlySet<string> = new Set([
  'utf8mb4',
  'utf8mb3',
  'utf8', // what MySQL before 8.0.29 calls utf8mb3
  'latin1',
  'ascii',
]);

/** For `column = …`; undefined where no value of the column can be equal. */
export function literal(column: ColumnFacts, value: DbValue): string | undefined {
  if (value === null) return undefined;
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return matching(INTEGER, value);
    case 'year':
      return yearLiteral(value);
    case 'decimal':
      return matching(DECIMAL, value);
    case 'float':
      return doubleLiteral(value, Math.fround); // what is stored for these digits; more of them than 6 are not shown
    case 'double':
      return doubleLiteral(value);
    case 'bit':
      return Buffer.isBuffer(value) ? bitsLiteral(value) : matching(INTEGER, value);
    case 'date':
    case 'datetime':
    case 'timestamp':
    case 'time':
      return typeof value === 'string' ? temporalLiteral(column.type, value) : undefined;
    case 'json':
      return typeof value === 'string' ? jsonLiteral(value) : undefined;
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'enum':
    case 'set':
      return Buffer.isBuffer(value) ? undefined : columnTextLiteral(column, String(value));
    case 'vector':
      return undefined; // MySQL has no comparison for it
    default: // BINARY, VARBINARY, the BLOBs, and GEOMETRY with its subtypes
      return bytesLiteral(Buffer.isBuffer(value) ? value : Buffer.from(String(value)));
  }
}

export const bytesLiteral = (bytes: Buffer): string => `x'${bytes.toString('hex')}'`;

export const bitsLiteral = (bits: Buffer): string => BigInt(`0x0${bits.toString('hex')}`).toString();

/** 65 digits are the most that MySQL takes for exact. */
const INTEGER = /^-?\d{1,65}$/;
const DECIMAL = /^-?\d{1,35}(\.\d{1,30})?$|^-?\d{1,65}$/;
const DOUBLE = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/;

function matching(pattern: RegExp, value: DbValue): string | undefined {
  const digits = String(value);
  return pattern.test(digits) ? digits : undefined;
}

/** MySQL takes 0 to 99 in a comparison for years of two digits, except the number 0. */
function yearLiteral(value: DbValue): string | undefined {
  const digits = matching(INTEGER, value);
  const year = Number(digits);
  return year === 0 || (year >= 1901 && year <= 2155) ? digits : undefined;
}

/** With an exponent, which makes it a DOUBLE; digits alone would be a DECIMAL. */
export function doubleLiteral(
  value: DbValue,
  round: (value: number) => number = (number) => number,
): string | undefined {
  const digits = matching(DOUBLE, value);
  const number = round(Number(digits));
  const isBeyond = !Number.isFinite(number) || (number === 0 && Number(digits) !== 0);
  if (isBeyond) return undefined;
  const text = String(number);
  return text.includes('e') ? text : `${text}e0`;
}

const DATE = /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])$/;
const DATETIME = /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/;
const TIME =
  /^-?(\d\d|[0-7]\d\d|8[0-2]\d|83[0-7]):[0-5]\d:[0-5]\d(\.\d{1,6})?$|^-?838:[0-5]\d:[0-5]\d(\.0{1,6})?$/;
const ZERO_TIMESTAMP = /^0000-00-00 00:00:00(\.0+)?$/;

/**
 * Dates with zeros in them, and those that no calendar has, are values of DATE and DATETIME, as the session's
 * sql_mode allows them; TIMESTAMP has real ones only, and the zero. MySQL refuses a statement with any other.
 */
function temporalLiteral(type: 'date' | 'datetime' | 'timestamp' | 'time', text: string): string | undefined {
  if (type === 'date') return DATE.test(text) ? `DATE'${text}'` : undefined;
  if (type === 'time') return TIME.test(text) ? `TIME'${text}'` : undefined;
  if (!DATETIME.test(text)) return undefined;
  if (type === 'timestamp' && !ZERO_TIMESTAMP.test(text) && !isCalendarDate(text.slice(0, 10)))
    return undefined;
  return `TIMESTAMP'${text}'`;
}

function isCalendarDate(date: string): boolean {
  const time = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date);
}

function jsonLiteral(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined; // MySQL would refuse the statement
  }
  return `CAST(${textLiteral(text)} AS JSON)`;
}

const ASCII = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex -- control characters are ASCII too
const LONE_SURROGATE = /\p{Surrogate}/u;

/** NULL, which equals nothing, where the column's charset has no such character: MySQL would refuse the statement. */
function columnTextLiteral(
  { charset = 'utf8mb4', collation }: ColumnFacts,
  text: string,
): string | undefined {
  if (LONE_SURROGATE.test(text)) return undefined;
  if (charset === 'binary') return bytesLiteral(Buffer.from(text));
  const plain = textLiteral(text);
  if (charset === 'utf8mb4' || (ASCII.test(text) && ROUND_TRIP_CHARSETS.has(charset))) return plain;
  const converted = `CONVERT(${plain} USING ${charset})`;
  const collated = collation === undefined ? converted : `${converted} COLLATE ${collation}`;
  return `IF(CONVERT(${converted} USING utf8mb4) = ${plain} COLLATE utf8mb4_bin, ${collated}, NULL)`;
}
