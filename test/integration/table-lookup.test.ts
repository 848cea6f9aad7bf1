import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createLookup } from '../../src/clients/lookup.js';
import { readTableFacts } from '../../src/clients/table-facts.js';
import { openTableReader } from '../../src/clients/table-reader.js';
import type { DbRow, DbValue } from '../../src/domain/db-row.js';
import type { TableSchema } from '../../src/mapping/table-schema.js';
import type { LookupQuery, TableReader } from '../../src/reconcile/effects.js';
import { type KeyTables, createKeyTables } from '../support/key-tables.js';
import { KEY_TYPES, rowsOf } from '../support/key-types.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let tables: KeyTables;
let reader: TableReader;

beforeAll(async () => {
  world = await createWorld(inject('servers'));
  tables = await createKeyTables(world);
  reader = openTableReader({ url: world.servers.mysql });
});
afterAll(async () => {
  await reader.close();
  await world.close();
});

const readAll = async (schema: TableSchema, columns: readonly string[]): Promise<readonly DbRow[]> =>
  (await reader.page({ schema, columns, after: undefined, rowsMax: 10_000 })).rows;

const lookup = (query: Omit<LookupQuery, 'distinct'>): Promise<DbRow[]> =>
  reader.lookup({ ...query, distinct: false });

/** A FLOAT's text may name another one, and some texts of these charsets are another one's, or '?'. */
const AMBIGUOUS = /FLOAT|cp932|gbk/;

describe.each(KEY_TYPES.filter(({ title }) => !AMBIGUOUS.test(title)))('lookups by $title', (type) => {
  const table = `looked_up_${KEY_TYPES.indexOf(type)}`;
  let schema: TableSchema;
  beforeAll(async () => {
    schema = await tables.create(table, type);
  });

  test('find each row by the values that it was read with', async () => {
    const by = schema.rowKey ?? [];
    const columns = ['id', ...by];
    const property = async (rows: string[][]): Promise<void> => {
      await tables.fill(table, rows);
      const expected = await readAll(schema, columns);
      const values = expected.map((row) => row.slice(1));
      const found = await lookup({ schema, columns, by, values });
      const byId = (left: DbRow, right: DbRow): number => Number(left[0]) - Number(right[0]);
      expect(found.toSorted(byId)).toEqual(expected.toSorted(byId));
      for (const row of expected.slice(0, 3))
        expect(await lookup({ schema, columns, by, values: [row.slice(1)] })).toEqual([row]);
    };
    await fc.assert(fc.asyncProperty(fc.array(rowsOf(type), { maxLength: 25 }), property), { numRuns: 4 });
  });

  test('are sought in an index', async () => {
    await tables.fill(table, fc.sample(rowsOf(type), 1_500));
    const by = schema.rowKey ?? [];
    const rows = await readAll(schema, by);
    if (rows.length < 100) return; // then it is quicker to read them all
    const values = [0.1, 0.5, 0.9].map((share) => rows[Math.floor(share * rows.length)] ?? []);
    const facts = await readTableFacts(tables.select, schema);
    const query = { schema, columns: ['id'], by, values, distinct: false };
    const { statement = '' } = createLookup(query, facts);
    expect(await tables.rowsTouched(statement), statement).toBeLessThanOrEqual(4 * values.length);
  });
});

/** A definition, a value in SQL that a wrong comparison would take for one of the others, and values that can't be. */
const IMPOSSIBLE: readonly [string, string, readonly DbValue[]][] = [
  ['INT', '0', ['', 'a', '0x0', '1.5', '2147483648', '9'.repeat(70), 0.5, Buffer.from('a'), null]],
  ['INT UNSIGNED', '0', [-1, '-1', '4294967296']],
  ['TINYINT', '127', [128, '300', '1e2']],
  ['BIGINT', '9223372036854775807', ['9223372036854775808', '9223372036854775806', 2 ** 63]],
  ['BIGINT UNSIGNED', '18446744073709551615', ['18446744073709551616', '-1', -1, 2 ** 64]],
  ['DECIMAL(5,2)', '0.1', ['0.10001', '999999999', 'a', '', '1e-1', `0.${'1'.repeat(31)}`]],
  ['DOUBLE', '0', ['a', '', '1e999', Infinity, NaN, '0x0']],
  ['FLOAT', '0', ['a', '1e60', 1e-60]],
  ['VARCHAR(5) COLLATE latin1_swedish_ci', "'?'", ['😀', 'Ж', '\ud800', 'x'.repeat(5_000)]],
  ['VARCHAR(5) COLLATE utf8mb3_general_ci', "'?'", ['😀', '\udc00']],
  ['VARCHAR(5) COLLATE ascii_general_ci', "'?'", ['é', '?é']],
  ['VARCHAR(5) COLLATE gbk_chinese_ci', "'?'", ['😀', 'ÿ']],
  ['VARCHAR(5) COLLATE utf8mb4_bin', "'\ufffd'", ['\ud800', '\ufffd\ufffd', Buffer.from('a')]],
  ["ENUM('?','b') COLLATE latin1_swedish_ci", '1', ['😀', 'c', '1', 1]],
  ["ENUM('a','b')", '0', ['c', '0']],
  ["SET('a','b')", '0', ['c', '0', 'a,c']],
  ['BINARY(4)', "x'00000000'", [Buffer.alloc(3), Buffer.alloc(5), '']],
  ['BIT(4)', '15', [16, '16', Buffer.alloc(9, 255), -1, '-1', 'a']],
  ['DATE', "'0000-00-00'", ['', 'a', '2024-13-01', '2024-1-1', '0000-00-00 00:00:00', 0]],
  ['DATETIME', "'0000-00-00'", ['', 'a', '0000-00-00', '2024-01-01 24:00:00', '0000-00-00 00:00:00.1']],
  ['TIMESTAMP', "'0000-00-00'", ['', 'a', '2500-01-01 00:00:00', '1960-01-01 00:00:00']],
  ['TIMESTAMP(1)', "'2024-03-01'", ['2024-02-31 00:00:00', '2024-02-30 00:00:00', '2024-03-00 00:00:00']],
  ['TIME', "'838:59:59'", ['839:00:00', '838:59:59.5', '999:00:00', 'a', '', '8385959']],
  ['YEAR', "'2024'", [24, '24', 1900, 2156, 'a', '']],
  ['JSON', `'"a"'`, ['a', '{', '']],
];

describe('a lookup', () => {
  test.each(IMPOSSIBLE)(
    'of values that no %s can have finds nothing',
    async (definition, present, values) => {
      const table = 'impossible';
      await world.sql.query(
        `DROP TABLE IF EXISTS ${table};
       CREATE TABLE ${table} (a ${definition}, b INT, ${definition === 'JSON' ? '' : 'UNIQUE (a), '}INDEX (b));
       INSERT IGNORE INTO ${table} VALUES (${present}, 1)`,
      );
      const schema = await tables.schemaOf(table);
      for (const value of values) {
        const single = { schema, columns: ['b'], by: ['a'], values: [[value]] };
        expect(await lookup(single), String(value)).toEqual([]);
        const both = { schema, columns: ['a'], by: ['a', 'b'], values: [[value, 1]] };
        expect(await lookup(both), String(value)).toEqual([]);
      }
      const all = values.map((value) => [value]);
      const [[own] = []] = await readAllWithoutKey(schema);
      const query = { schema, columns: ['b'], by: ['a'], values: [...all, [own ?? null]] };
      expect(await lookup(query)).toEqual([[1]]);
    },
  );

  /** The column is nullable, so pages would have no key. */
  const readAllWithoutKey = async (schema: TableSchema): Promise<DbRow[]> =>
    lookup({ schema, columns: ['a'], by: ['b'], values: [[1]] });

  test('leaves it to the collation what is equal, and may find several rows for a value', async () => {
    await world.sql.query(
      `CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_0900_ai_ci, INDEX (name));
       INSERT INTO people VALUES (1, 'Zoé'), (2, 'zoe'), (3, 'zo'), (4, NULL)`,
    );
    const schema = await tables.schemaOf('people');
    const found = await lookup({ schema, columns: ['id'], by: ['name'], values: [['ZOE'], [null]] });
    expect(found.flat().sort()).toEqual([1, 2]);
  });

  test('gives each combination of columns once where it is asked to, exactly', async () => {
    await world.sql.query(
      `CREATE TABLE repeated (id INT PRIMARY KEY, k INT, t VARCHAR(9) COLLATE utf8mb4_general_ci, j JSON, d DOUBLE);
       INSERT INTO repeated VALUES (1, 1, 'a', '1', 1), (2, 1, 'A', '1', 1), (3, 1, 'a ', '1', 1), (4, 1, 'a', '1.0', 1),
         (5, 1, 'a', '1', 1), (6, 1, NULL, NULL, NULL), (7, 1, NULL, NULL, NULL), (8, 2, 'a', '1', 1)`,
    );
    const query = {
      schema: await tables.schemaOf('repeated'),
      columns: ['t', 'j', 'd'],
      by: ['k'],
      values: [[1]],
    };
    expect(await lookup(query)).toHaveLength(7);
    const found = await reader.lookup({ ...query, distinct: true });
    const expected = [
      ['a', '1', 1],
      ['A', '1', 1],
      ['a ', '1', 1],
      ['a', '1.0', 1],
      [null, null, null],
    ];
    expect(found.map((row) => JSON.stringify(row)).sort()).toEqual(
      expected.map((row) => JSON.stringify(row)).sort(),
    );
    expect(await reader.lookup({ ...query, columns: [], distinct: true })).toEqual([[]]);
  });

  test('takes names of any kind, and a thousand composite values at once', async () => {
    const [table, column] = ['odd `table` "größe"', 'a`b "ü" \\ ?'];
    const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
    await world.sql.query(
      `CREATE TABLE ${quoted(table)} (${quoted(column)} INT, \`select\` VARCHAR(9), PRIMARY KEY (${quoted(column)}, \`select\`))`,
    );
    const values = Array.from({ length: 1_000 }, (_, index) => [index, `'\\${index}`]);
    for (const value of values) await world.sql.query(`INSERT INTO ${quoted(table)} VALUES (?, ?)`, value);
    const schema = await tables.schemaOf(table);
    const query = { schema, columns: [column, 'select'] };
    const page = await reader.page({ ...query, after: undefined, rowsMax: 2_000 });
    expect(page.rows).toEqual(values);
    expect(await lookup({ ...query, by: [column, 'select'], values })).toHaveLength(1_000);
  });
});

test('every type of column arrives as db-row.ts says', async () => {
  const point = "x'e610000001010000000000000000000040000000000000f03f'";
  const columns: readonly [string, string, DbValue][] = [
    ['TINYINT', '-128', -128],
    ['BIGINT', '9007199254740991', 9007199254740991],
    ['BIGINT', '-9007199254740992', '-9007199254740992'],
    ['BIGINT UNSIGNED', '18446744073709551615', '18446744073709551615'],
    ['BIGINT(20) ZEROFILL', '9223372036854775807', '9223372036854775807'],
    ['INT(9) ZEROFILL', '7', 7],
    ['DECIMAL(12,2) ZEROFILL', '1.1', '1.10'],
    ['DECIMAL(40,20)', '12345678901234567890.1', '12345678901234567890.10000000000000000000'],
    ['FLOAT', '0.1', 0.1],
    ['FLOAT(10,2)', '-1.005', -1],
    ['DOUBLE', '9.007199254740993', 9.007199254740993],
    ['DOUBLE', '-1.7976931348623157e308', -1.7976931348623157e308],
    ['DOUBLE', '-0e0', 0],
    ['DATE', "'0000-00-00'", '0000-00-00'],
    ['DATETIME(6)', "'2024-02-31 23:59:59.000001'", '2024-02-31 23:59:59.000001'],
    ['TIMESTAMP(3)', "'2024-10-27 01:30:00.5+02:00'", '2024-10-26 23:30:00.500'],
    ['TIME', "'-838:59:59'", '-838:59:59'],
    ['TIME(2)', "'1:2:3.4'", '01:02:03.40'],
    ['YEAR', '0', 0],
    ['CHAR(5)', "'a '", 'a'],
    ['VARCHAR(9) COLLATE latin1_bin', "'é€ÿ '", 'é€ÿ '],
    ['VARCHAR(9) COLLATE gbk_bin', "'中文'", '中文'],
    ['VARCHAR(9) COLLATE utf16_bin', "'中😀'", '中😀'],
    ['TEXT', "''", ''],
    ["ENUM('a','ü')", "'ü'", 'ü'],
    ["ENUM('a','ü') CHARACTER SET binary", "'ü'", 'ü'],
    ["SET('a','b','c')", "'c,a'", 'a,c'],
    ["SET('a','ü') CHARACTER SET binary", "'ü,a'", 'a,ü'],
    ['JSON', `'{"b": 1.0, "a": "é"}'`, '{"a": "é", "b": 1.0}'],
    ['JSON', "'null'", 'null'],
    ['BIT(9)', '257', Buffer.from([1, 1])],
    ['BINARY(3)', "x'ff00'", Buffer.from([255, 0, 0])],
    ['VARBINARY(3)', "x'ff00'", Buffer.from([255, 0])],
    ['BLOB', "x'ff00'", Buffer.from([255, 0])],
    ['GEOMETRY', point, Buffer.from(point.slice(2, -1), 'hex')],
    ['POINT', point, Buffer.from(point.slice(2, -1), 'hex')],
  ];
  const names = columns.map((_, index) => `c${index}`);
  const definitions = columns.map(([definition], index) => `c${index} ${definition} NULL DEFAULT NULL`);
  const values = columns.map(([, value]) => value);
  const nulls = columns.map(() => null);
  await world.sql.query(
    `CREATE TABLE every_type (id INT PRIMARY KEY, ${definitions.join()});
     INSERT IGNORE INTO every_type VALUES (1, ${values.join()}), (2, ${nulls.map(String).join()})`,
  );
  const schema = await tables.schemaOf('every_type');
  const expected = [columns.map(([, , value]) => value), nulls];
  expect(await readAll(schema, names)).toEqual(expected);
  expect(await lookup({ schema, columns: names, by: ['id'], values: [[1], [2]] })).toEqual(expected);
});

test('a DOUBLE arrives as the very number that was written', async () => {
  await world.sql.query('CREATE TABLE doubles (id INT PRIMARY KEY, d DOUBLE)');
  const schema = await tables.schemaOf('doubles');
  const digits = fc
    .tuple(fc.bigInt({ min: 2n ** 53n, max: 10n ** 16n }), fc.nat(15))
    .map(([number, exponent]) => Number(`${number}e-${exponent}`)); // mysql2 alone is often one off
  const number = fc
    .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), digits)
    .map((each) => each + 0);
  await fc.assert(
    fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 200 }), async (numbers) => {
      const rows = numbers.map((each, index) => `(${index}, ${each.toExponential()})`);
      await world.sql.query(`DELETE FROM doubles; INSERT INTO doubles VALUES ${rows.join()}`);
      expect(await readAll(schema, ['d'])).toEqual(numbers.map((each) => [each]));
    }),
    { numRuns: 5 },
  );
});
