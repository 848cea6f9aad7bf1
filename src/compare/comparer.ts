/**
 * In: what the cache holds, and the row that it should show. Out: nothing if they are equal, else how they differ.
 * Equal is what the column's MySQL type calls equal: DECIMAL 1.10 is 1.1, and no number that MySQL holds exactly is
 * ever rounded to a float. Guarantees: nothing that a cache can hold makes it throw, and what it says of a
 * difference contains no values.
 */
import type { CachedValue } from '../domain/cached-value.js';
import type { DbRow, DbValue } from '../domain/db-row.js';
import { columnsOfValue, type ValueMapping } from '../mapping/table-mapping.js';
import type { ColumnInfo } from '../mapping/table-schema.js';
import { compareColumn, type ColumnComparison } from './column-comparison.js';
import { textType } from './column-type.js';
import { describeDocument, describeFields, describeValue } from './describe.js';
import { type Difference, unparseable } from './difference.js';
import { compilePath, parseDocument, type PathReader } from './document.js';

export { uncomparable } from './column-types.js';
export { describeCached } from './describe.js';
export type { Difference } from './difference.js';

export interface Comparer {
  readonly form: ValueMapping['kind'];
  /** Columns of the row that it wants, in this order: each `row` below holds exactly these. */
  readonly columns: readonly string[];
  /** For `hash`: the fields to read, in the order in which it wants them; else empty. */
  readonly fields: readonly string[];
  /** For form string and json: the text under the key. Undefined when equal. */
  compareText(held: string, row: DbRow): Difference | undefined;
  /** For form hash: the fields' texts. All fields null (no such key) is not asked; the caller counts it as absent. */
  compareHash(held: readonly (string | null)[], row: DbRow): Difference | undefined;
  /** The same for a snapshot. A hash without any of the fields is absent, too. */
  compareCached(held: CachedValue, row: DbRow): Difference | 'absent' | undefined;
  /** What the cache should hold, for people: the text itself, or compact JSON of path/field -> value. Not shortened. */
  describeRow(row: DbRow): string;
}

/** One path or field with the column that it shows. */
interface Part {
  readonly name: string;
  /** Of the column in the row. */
  readonly index: number;
  readonly type: ColumnComparison['type'];
  readonly comparison: ColumnComparison;
  readonly read: PathReader;
  readonly missing: Difference;
}

const NOT_JSON = unparseable('not JSON');
const TOO_DEEP = unparseable('nested too deeply');

/**
 * @param schemaColumns of the table; they hold the mapping's columns, none of them {@link uncomparable}
 */
export function createComparer(value: ValueMapping, schemaColumns: readonly ColumnInfo[]): Comparer {
  const columns = [...new Set(columnsOfValue(value))];
  const infos = new Map(schemaColumns.map((column) => [column.name, column]));
  const partOf = (name: string, column: string): Part => {
    const info = infos.get(column);
    if (info === undefined) throw new Error(`unchecked mapping: no column ${column}`);
    const comparison = compareColumn(info, { literals: value.kind === 'string' });
    const missing = unparseable(value.kind === 'hash' ? `field ${name} is missing` : `no path ${name}`);
    const { type } = comparison;
    return { name, index: columns.indexOf(column), type, comparison, read: compilePath(name), missing };
  };
  switch (value.kind) {
    case 'string':
      return stringComparer(partOf('', value.column), columns);
    case 'json':
      return jsonComparer(
        Object.entries(value.columns).map(([path, column]) => partOf(path, column)),
        columns,
      );
    case 'hash':
      return hashComparer(
        Object.entries(value.columns).map(([field, column]) => partOf(field, column)),
        columns,
      );
  }
}

function stringComparer(part: Part, columns: readonly string[]): Comparer {
  const { comparison } = part;
  return {
    form: 'string',
    columns,
    fields: [],
    compareText: guarded((held: string, row) => comparison.compareText(held, row[0] ?? null)),
    compareHash: () => unparseable('a hash instead of a string'),
    compareCached: cachedComparer('string', {
      string: guarded((held: Buffer, row) => comparison.compareBytes(held, row[0] ?? null)),
    }),
    describeRow: (row) => describeValue(part, row),
  };
}

function jsonComparer(parts: readonly Part[], columns: readonly string[]): Comparer {
  const exact = parts.some(({ type }) => type !== textType);
  const compareText = guarded((held: string, row) => {
    const document = parseDocument(held, exact);
    if (document === undefined) return NOT_JSON;
    for (const part of parts) {
      const rowValue = row[part.index] ?? null;
      const heldValue = part.read(document);
      const difference =
        heldValue === undefined
          ? compareAbsent(part, rowValue)
          : part.comparison.compareDocument(heldValue, rowValue);
      if (difference !== undefined) return difference;
    }
    return undefined;
  });
  return {
    form: 'json',
    columns,
    fields: [],
    compareText,
    compareHash: () => unparseable('a hash instead of a string'),
    compareCached: cachedComparer('string', {
      string: (held, row) => compareText(held.toString('utf8'), row),
    }),
    describeRow: (row) => describeDocument(parts, row),
  };
}

function hashComparer(parts: readonly Part[], columns: readonly string[]): Comparer {
  const compareFields = <Held>(
    held: readonly (Held | null)[],
    row: DbRow,
    compare: (comparison: ColumnComparison, field: Held, rowValue: DbValue) => Difference | undefined,
  ): Difference | undefined => {
    let position = 0;
    for (const part of parts) {
      const rowValue = row[part.index] ?? null;
      const field = held[position++] ?? null;
      const difference =
        field === null ? compareAbsent(part, rowValue) : compare(part.comparison, field, rowValue);
      if (difference !== undefined) return difference;
    }
    return undefined;
  };
  return {
    form: 'hash',
    columns,
    fields: parts.map(({ name }) => name),
    compareText: () => unparseable('a string instead of a hash'),
    compareHash: guarded((held: readonly (string | null)[], row) =>
      compareFields(held, row, ({ compareText }, field, rowValue) => compareText(field, rowValue)),
    ),
    compareCached: cachedComparer('hash', {
      hash: guarded((held: readonly (Buffer | null)[], row) =>
        compareFields(held, row, ({ compareBytes }, field, rowValue) => compareBytes(field, rowValue)),
      ),
    }),
    describeRow: (row) => describeFields(parts, row),
  };
}

const compareAbsent = ({ missing }: Part, row: DbValue): Difference | undefined =>
  row === null ? undefined : missing;

type Compare<Held> = (held: Held, row: DbRow) => Difference | undefined;

/** Deep nesting ends in a RangeError; no cache of ours holds a thousand levels. */
function guarded<Held>(compare: Compare<Held>): Compare<Held> {
  return (held, row) => {
    try {
      return compare(held, row);
    } catch (error) {
      if (error instanceof RangeError) return TOO_DEEP;
      throw error;
    }
  };
}

/** @param compare for the wanted kind; any other kind is another Redis type */
function cachedComparer(
  wanted: 'string' | 'hash',
  compare: { string?: Compare<Buffer>; hash?: Compare<readonly (Buffer | null)[]> },
): Comparer['compareCached'] {
  const instead = (type: string): Difference => unparseable(`a ${type} instead of a ${wanted}`);
  return (held, row) => {
    switch (held.kind) {
      case 'absent':
        return 'absent';
      case 'other':
        return instead(held.type);
      case 'string':
        return compare.string === undefined ? instead('string') : compare.string(held.value, row);
      case 'hash':
        if (held.values.every((value) => value === null)) return 'absent';
        return compare.hash === undefined ? instead('hash') : compare.hash(held.values, row);
    }
  };
}
