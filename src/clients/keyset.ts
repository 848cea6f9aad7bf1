/**
 * In: a table, the columns wanted of it, a place between two rows. Out: the statement for the page behind that place,
 * and of its last row the next place. Guarantee: pages that follow each other's places hold every row that was there
 * all the time, once, whatever is inserted and deleted meanwhile; each reads only its own part of the key's index.
 *
 * The row constructor, (a, b) > (x, y), would be shorter, but MySQL reads the whole index for it.
 */
import type { DbValue } from '../domain/db-row.js';
import type { PagePlace } from '../reconcile/effects.js';
import type { TableSchema } from '../mapping/table-schema.js';
import { type SelectList, column, selectList } from './select-list.js';
import {
  type ColumnFacts,
  ROUND_TRIP_CHARSETS,
  bitsLiteral,
  bytesLiteral,
  doubleLiteral,
  identifier,
  literal,
  qualifiedName,
  textLiteral,
} from './sql-literal.js';
import type { TableFacts } from './table-facts.js';

export interface Keyset extends Pick<SelectList, 'finish'> {
  /** A place that does not fit the key any more, after DDL, counts as the start: rows come again, none is missed. */
  statement(after: PagePlace | undefined, rowsMax: number): string;
  /** Behind this row, which is as it was selected. */
  placeBehind(row: readonly DbValue[]): PagePlace;
}

interface KeyPart {
  readonly name: string;
  readonly descending: boolean;
  /** Where the column's place stands in a row as it is selected. */
  readonly index: number;
  readonly numberMax: number | undefined;
  readonly literalOf: (mark: string) => string | undefined;
}

/** @throws Error for a table without a row key, which is for the caller to leave out */
export function createKeyset(schema: TableSchema, facts: TableFacts, columns: readonly string[]): Keyset {
  const { table, rowKey } = schema;
  if (rowKey === undefined) throw new Error(`${table.db}.${table.table} has no row key to page by`);
  const extras: string[] = [];
  const parts = rowKey.map((name): KeyPart => {
    const { expression, literalOf } = markOf(facts.column(name));
    const given = expression === undefined ? columns.indexOf(name) : -1;
    const index = given === -1 ? columns.length + extras.push(expression ?? column(name)) - 1 : given;
    const descending = facts.keyIndex?.descending.has(name) === true;
    return { name, descending, index, numberMax: facts.column(name).numberMax, literalOf };
  });
  const { text, finish } = selectList(columns.map(facts.column), extras);
  const hint = facts.keyIndex === undefined ? '' : ` FORCE INDEX (${identifier(facts.keyIndex.name)})`;
  const order = parts.map(({ name, descending }) => column(name) + (descending ? ' DESC' : '')).join(', ');
  return {
    finish,
    statement(after, rowsMax) {
      const literals = after === undefined ? undefined : literalsOf(after, parts);
      const where = literals === undefined ? '' : ` WHERE ${conditionBehind(parts, literals)}`;
      return `SELECT ${text} FROM ${qualifiedName(table)} AS t${hint}${where} ORDER BY ${order} LIMIT ${rowsMax}`;
    },
    placeBehind(row) {
      const marks = parts.map(({ index }) => toMark(row[index] ?? null));
      return JSON.stringify({ key: rowKey, marks });
    },
  };
}

/** Bytes as hexadecimal digits, all else as its text. */
const toMark = (value: DbValue): string => (Buffer.isBuffer(value) ? value.toString('hex') : String(value));

/** Undefined for a place in another key. */
function literalsOf(place: PagePlace, parts: readonly KeyPart[]): string[] | undefined {
  const { key, marks } = JSON.parse(place) as { key?: unknown; marks?: unknown };
  if (JSON.stringify(key) !== JSON.stringify(parts.map(({ name }) => name))) return undefined;
  if (!Array.isArray(marks)) return undefined;
  const literals = parts.map(({ literalOf }, index) => literalOf(String(marks[index])));
  return literals.every((each) => each !== undefined) ? literals : undefined;
}

interface Mark {
  /** What to select where the column's own value does not tell the place exactly. */
  readonly expression?: string;
  readonly literalOf: (mark: string) => string | undefined;
}

function markOf(facts: ColumnFacts): Mark {
  const { type, charset = 'utf8mb4' } = facts;
  const name = column(facts.name);
  switch (type) {
    case 'float':
    case 'double':
      // The sum has all digits, where a FLOAT alone shows 6; as JSON, since CHAR would cut it to 22 characters.
      return { expression: `CAST(${name} + 0e0 AS JSON)`, literalOf: (mark) => doubleLiteral(mark) };
    case 'enum':
    case 'set':
      // They are sorted by number, not by label.
      return { expression: `CAST(${name} AS UNSIGNED)`, literalOf: digitsLiteral };
    case 'bit':
      return { literalOf: (mark) => fromHex(mark, bitsLiteral) };
    case 'binary':
    case 'varbinary':
      return { literalOf: (mark) => fromHex(mark, bytesLiteral) };
    case 'char':
    case 'varchar':
      if (ROUND_TRIP_CHARSETS.has(charset)) return { literalOf: textLiteral };
      return {
        expression: `HEX(${name})`,
        literalOf: (mark) => fromHex(mark, (bytes) => `_${charset} ${bytesLiteral(bytes)}`),
      };
    default:
      return { literalOf: (mark) => literal(facts, mark) };
  }
}

const digitsLiteral = (mark: string): string | undefined => (/^\d+$/.test(mark) ? mark : undefined);

const fromHex = (mark: string, build: (bytes: Buffer) => string): string | undefined =>
  /^([0-9a-f]{2})*$/i.test(mark) ? build(Buffer.from(mark, 'hex')) : undefined;

/** a >= x AND (a > x OR (a = x AND (b > y OR …))) */
function conditionBehind(parts: readonly KeyPart[], literals: readonly string[]): string {
  const [first, firstLiteral] = [parts[0], literals[0]];
  if (first === undefined || firstLiteral === undefined) return 'FALSE';
  if (parts.length === 1) return beyond(first, firstLiteral);
  const rest = conditionBehind(parts.slice(1), literals.slice(1));
  const either = `(${beyond(first, firstLiteral)} OR (${same(first, firstLiteral)} AND ${rest}))`;
  if (isListed(first)) return either;
  return `${comparable(first)} ${first.descending ? '<=' : '>='} ${firstLiteral} AND ${either}`;
}

/** Up to here, the numbers of an ENUM or SET are listed in a statement, since MySQL seeks none that are just greater. */
const LISTED_NUMBERS_MAX = 1_023;
const isListed = ({ numberMax }: KeyPart): boolean =>
  numberMax !== undefined && numberMax <= LISTED_NUMBERS_MAX;

/** A SET of 64 compares as if it had a sign, so what is not listed is cast; no index is lost by that. */
const comparable = ({ name, numberMax }: KeyPart): string =>
  numberMax === undefined ? column(name) : `CAST(${column(name)} AS UNSIGNED)`;

function beyond(part: KeyPart, from: string): string {
  const { name, descending, numberMax = 0 } = part;
  if (!isListed(part)) return `${comparable(part)} ${descending ? '<' : '>'} ${from}`;
  const [least, most] = descending ? [0, Number(from) - 1] : [Number(from) + 1, numberMax];
  const numbers = Array.from({ length: Math.max(0, most - least + 1) }, (_, index) => least + index);
  return numbers.length === 0 ? 'FALSE' : listed(name, numbers);
}

function same(part: KeyPart, value: string): string {
  return isListed(part) ? listed(part.name, [value]) : `${comparable(part)} = ${value}`;
}

/** Two entries at least: an ENUM that equals one number is sorted again by MySQL, although its index is in order. */
const listed = (name: string, numbers: readonly (number | string)[]): string =>
  `${column(name)} IN (${[numbers[0], ...numbers].join(', ')})`;
