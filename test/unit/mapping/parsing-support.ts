import fc from 'fast-check';
import type { RowImage } from '../../../src/domain/change.js';
import type { DbValue } from '../../../src/domain/db-row.js';
import { createKeyParser, type KeyParser, type TableToParse } from '../../../src/mapping/key-parser.js';
import { compileMapping } from '../../../src/mapping/mapping.js';
import type { KeyMapping, TableMapping } from '../../../src/mapping/table-mapping.js';
import type { TableSchema } from '../../../src/mapping/table-schema.js';
import { exactly, products } from './support.js';

/** Types by column. */
export type Types = Readonly<Record<string, string>>;

export const schemaOf = (types: Types, table = products): TableSchema => ({
  table,
  columns: Object.entries(types).map(([name, type]) => ({ name, type, nullable: true })),
  rowKey: Object.keys(types).slice(0, 1),
  uniqueKeys: [],
  indexedColumns: [],
});

/** Each table with its schema, as the mapping plans them. */
export function planned(
  mappings: readonly TableMapping[],
  schemas: readonly TableSchema[],
  keyPrefix = '',
): TableToParse[] {
  const mapping = compileMapping(mappings, { keyPrefix });
  return schemas.flatMap((schema) => {
    const plan = mapping.planFor(schema.table);
    return plan ? [{ plan, schema }] : [];
  });
}

export const parserOf = (
  keys: readonly (KeyMapping | string)[],
  types: Types,
  keyPrefix?: string,
): KeyParser => {
  const mappings = [exactly(keys.map((key) => (typeof key === 'string' ? { key } : key)))];
  return createKeyParser(
    planned(mappings, [schemaOf(types)], keyPrefix),
    keyPrefix === undefined ? {} : { keyPrefix },
  );
};

/** A row as messages carry it. */
export const imageOf = (columns: readonly string[], values: readonly DbValue[]): RowImage =>
  Object.fromEntries(
    columns.map((column, index) => {
      const value = values[index] ?? null;
      return [column, Buffer.isBuffer(value) ? value.toString('base64') : value];
    }),
  );

const padded = (value: number, length: number): string => String(value).padStart(length, '0');
const fraction = fc.option(fc.stringMatching(/^\d{1,6}$/), { nil: '' });
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fraction)
  .map(
    ([hour, minute, second, rest]) =>
      `${padded(hour, 2)}:${padded(minute, 2)}:${padded(second, 2)}${rest === '' ? '' : `.${rest}`}`,
  );
const day = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const time = fc
  .tuple(fc.boolean(), fc.nat(838), fc.nat(59), fc.nat(59))
  .map(([negative, hour, ...rest]) => ({
    sign: negative && hour > 0 ? '-' : '',
    text: [hour, ...rest].map((each) => padded(each, 2)).join(':'),
  }))
  .map(({ sign, text }) => sign + text);

/** Text that holds what stands between slots, and what filters change. */
export const text = fc.oneof(
  fc
    .array(fc.constantFrom(':', 'a', 'A', '/', ' ', '%', '1', '-', 'é', '😀'), { maxLength: 5 })
    .map((units) => units.join('')),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** What SELECT hands over, by type. */
export const valuesOfType: Readonly<Record<string, fc.Arbitrary<Exclude<DbValue, null>>>> = {
  tinyint: fc.integer({ min: -128, max: 255 }),
  int: fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
  bigint: fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))),
  decimal: fc
    .tuple(fc.integer(), fc.nat(99))
    .map(([whole, cents]) => `${whole === 0 ? 0 : whole}.${padded(cents, 2)}`),
  date: day,
  datetime: fc.tuple(day, clock).map((parts) => parts.join(' ')),
  timestamp: fc.tuple(day, clock).map((parts) => parts.join(' ')),
  time,
  year: fc.oneof(fc.constant(0), fc.integer({ min: 1901, max: 2155 })),
  varchar: text,
  char: text,
  set: fc.subarray(['x', 'y', 'z']).map((labels) => labels.join(',')),
  varbinary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
};
const types = Object.keys(valuesOfType);

interface Slot {
  readonly column: string;
  readonly filters: readonly string[];
}
export type Part = { readonly literal: string } | Slot;

const textFilters = ['lower', 'upper', 'trim', 'md5', 'sha1', 'sha256', 'url'];

/** What `checkMapping` lets pass for a column of this type. */
function filtersFor(type: string): fc.Arbitrary<readonly string[]> {
  if (type === 'varbinary') return fc.constantFrom([], ['url']);
  const plain = fc.array(fc.constantFrom(...textFilters), { maxLength: 2 });
  if (!['date', 'datetime', 'timestamp'].includes(type)) return plain;
  return fc.oneof(
    plain,
    plain.map((rest) => ['date(DD.MM.YYYY HH)', ...rest]),
  );
}

export const written = (parts: readonly Part[]): string =>
  parts
    .map((part) =>
      'literal' in part
        ? part.literal.replaceAll('{', '{{').replaceAll('}', '}}')
        : `{${[part.column, ...part.filters].join('|')}}`,
    )
    .join('');

/** Types of four columns, and a row of them. */
export const typedRow = fc.array(fc.constantFrom(...types), { minLength: 4, maxLength: 4 }).chain((chosen) =>
  fc.tuple(...chosen.map((type) => valuesOfType[type] ?? fc.constant(''))).map((values) => ({
    columns: ['a', 'b', 'c', 'd'],
    types: Object.fromEntries(chosen.map((type, index) => ['abcd'.charAt(index), type])),
    values,
  })),
);

export type TypedRow = typeof typedRow extends fc.Arbitrary<infer T> ? T : never;

const literal = fc
  .array(fc.constantFrom(':', '/', 'a', '{', '}', '-', '', 'é'), { maxLength: 3 })
  .map((units) => ({ literal: units.join('') }));

export const slotOf = (types: Types, options: { readonly filtered: boolean }): fc.Arbitrary<Slot> =>
  fc.constantFrom(...Object.keys(types)).chain((column) =>
    fc.record({
      column: fc.constant(column),
      filters: options.filtered ? filtersFor(types[column] ?? '') : fc.constant([]),
    }),
  );

export const partsOf = (types: Types): fc.Arbitrary<readonly Part[]> =>
  fc.array(fc.oneof(literal, slotOf(types, { filtered: true }), slotOf(types, { filtered: false })), {
    minLength: 1,
    maxLength: 6,
  });
