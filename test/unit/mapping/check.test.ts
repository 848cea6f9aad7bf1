import { describe, expect, test } from 'vitest';
import { checkMapping, checkTable } from '../../../src/mapping/check.js';
import { compileMapping } from '../../../src/mapping/mapping.js';
import { mappingError } from '../../../src/mapping/mapping-error.js';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import type { TableSchema } from '../../../src/mapping/table-schema.js';
import { exactly, matching, planOf, products } from './support.js';

const schemaOf = (types: Readonly<Record<string, string>>, rest: Partial<TableSchema> = {}): TableSchema => ({
  table: products,
  columns: Object.entries(types).map(([name, type]) => ({ name, type, nullable: false })),
  rowKey: ['id'],
  uniqueKeys: [['id']],
  indexedColumns: ['id'],
  ...rest,
});

const columns = {
  id: 'bigint',
  sku: 'varchar',
  Stock: 'int',
  at: 'datetime',
  price: 'decimal',
  hash: 'binary',
};
const check = (key: KeyMapping, types: Readonly<Record<string, string>> = columns) =>
  checkTable(planOf([key]), schemaOf(types));

describe('checkTable', () => {
  test('a mapping that fits has no problems', () => {
    const fits = {
      key: '{id}:{sku|lower|sha1}:{at|date(YYYY)}:{price}:{`l`}',
      when: ['Stock'],
      value: { kind: 'json', columns: { a: 'price' } },
    } as const;
    expect(check(fits, { ...columns, l: 'char' })).toEqual({ problems: [], warnings: [] });
  });

  test('a column that marks rows as gone has to be there', () => {
    const mapping = compileMapping([{ ...exactly([{ key: '{id}' }]), gone: { delted: 'notNull' } }]);
    const types = { ...columns, deleted: 'datetime' };
    expect(checkMapping(mapping, [schemaOf(types)]).problems).toEqual([
      'shop.products: key "{id}", gone: there is no column delted; did you mean "deleted"?',
    ]);
    expect(checkMapping(compileMapping([exactly([{ key: '{id}' }])]), [schemaOf(types)]).problems).toEqual(
      [],
    );
  });

  test.each([
    [{ key: 'a:{stock}' }, 'shop.products: key "a:{stock}": there is no column stock; did you mean "Stock"?'],
    [{ key: 'a', field: '{skuu}' }, 'key "a": there is no column skuu; did you mean "sku"?'],
    [{ key: 'a', when: ['prize'] }, 'key "a", when: there is no column prize; did you mean "price"?'],
    [
      { key: 'a', value: { kind: 'string', column: 'x' } },
      'key "a", value: there is no column x; the columns are id, sku',
    ],
    [
      { key: 'a', value: { kind: 'hash', columns: { f: 'skz' } } },
      'there is no column skz; did you mean "sku"?',
    ],
    [
      { key: '{id|date(YYYY)}' },
      'column id is BIGINT: date(YYYY) works only on DATE, DATETIME and TIMESTAMP',
    ],
    [
      { key: '{at|lower|date(YYYY)}' },
      'date(YYYY) works only on DATE, DATETIME and TIMESTAMP, as the first filter',
    ],
    [{ key: '{hash|md5}' }, 'column hash is BINARY: md5 works only on text and numbers'],
    [
      { key: '{sku}', with: { sku: ['a'] } },
      "{sku} comes from `with` or the table's pattern, but is also a column",
    ],
  ] as const)('%j is refused', (key, problem) => {
    const { problems } = check(key);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test.each([
    'float',
    'double',
    'json',
    'geometry',
    'point',
    'multipolygon',
    'geomcollection',
    'vector',
    'bit',
  ])('a column of type %s is refused in key and field, and allowed in when and value', (type) => {
    const types = { id: 'int', v: type };
    const refused = `column v is ${type.toUpperCase()}: `;
    expect(check({ key: 'a:{v}' }, types).problems).toEqual([expect.stringContaining(refused)]);
    expect(check({ key: 'a', field: '{v}' }, types).problems).toEqual([expect.stringContaining(refused)]);
    expect(check({ key: 'a', when: ['v'], value: { kind: 'string', column: 'v' } }, types).problems).toEqual(
      [],
    );
  });

  test('a binary column in a key is a warning, since the key gets its base64', () => {
    expect(check({ key: '{hash}' })).toEqual({
      problems: [],
      warnings: [expect.stringContaining('as base64')],
    });
  });

  test('a table without a row key is refused with the way out', () => {
    const { problems } = checkTable(planOf([{ key: '{id}' }]), schemaOf(columns, { rowKey: undefined }));
    expect(problems).toEqual([
      expect.stringContaining('ALTER TABLE shop.products ADD COLUMN id BIGINT UNSIGNED'),
    ]);
    expect(problems[0]).toContain('sql_generate_invisible_primary_key');
  });

  test('a capture that is also a column is refused where a template uses it', () => {
    const pattern = /^shop\.(?<sku>products)$/;
    const plan = compileMapping([matching(pattern, [{ key: '{sku}:{id}' }, { key: '{id}' }])]).planFor(
      products,
    );
    expect(plan && checkTable(plan, schemaOf(columns)).problems).toEqual([
      expect.stringContaining('key "{sku}:{id}": {sku}'),
    ]);
  });
});

describe('checkMapping', () => {
  const mapping = compileMapping([
    exactly([{ key: '{id}:{sku}' }]),
    exactly([{ key: '{id}' }], { db: 'shop', table: 'brand' }),
    exactly([{ key: '{id}' }], { db: 'shop', table: 'hidden' }),
    matching(/^shop_\d+\./, [{ key: '{id}' }]),
  ]);
  const found = checkMapping(
    mapping,
    [
      schemaOf({ id: 'int' }),
      schemaOf({ x: 'json' }, { table: { db: 'other', table: 't' }, rowKey: undefined }),
    ],
    [products, { db: 'shop', table: 'brands' }, { db: 'shop', table: 'hidden' }],
  );

  test('missing tables and columns are told together; tables that nobody maps are ignored', () => {
    expect(found.problems).toEqual([
      'shop.brand: there is no such table, or our user may not see it; did you mean "shop.brands"?',
      'shop.hidden: its columns cannot be read; GRANT SELECT ON shop.hidden to our user',
      expect.stringContaining('shop.products: key "{id}:{sku}": there is no column sku'),
    ]);
  });

  test('a pattern that matches no table is only a warning', () => {
    expect(found.warnings).toEqual([
      expect.stringContaining(String.raw`the pattern /^shop_\d+\./ matches no table now`),
    ]);
  });

  test('all problems make one error', () => {
    const error = mappingError(found.problems);
    expect(error.code).toBe('MAPPING_INVALID');
    for (const problem of found.problems) expect(error.message).toContain(problem);
  });
});
