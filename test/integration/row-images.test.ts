import { afterEach, expect, inject, test } from 'vitest';
import { readTopic } from '../support/topic.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

/** Type, a value, and another; as SQL. */
const COLUMNS: Readonly<Record<string, readonly [type: string, one: string, other: string]>> = {
  c_tiny: ['TINYINT', '1', '-1'],
  c_small: ['SMALLINT UNSIGNED', '65535', '1'],
  c_medium: ['MEDIUMINT', '-8388608', '7'],
  c_big: ['BIGINT UNSIGNED', '18446744073709551615', '1'],
  c_price: ['DECIMAL(10, 2)', '1.10', '1.11'],
  c_wide: ['DECIMAL(65, 30)', '-1.5', '12345678901234567890.000000000000000000000000000001'],
  c_round: ['DECIMAL(18, 0)', '5', '999999999999999999'],
  c_real4: ['FLOAT', '0.1', '0.2'],
  c_real8: ['DOUBLE', '0.1', '0.30000000000000004'],
  c_bits: ['BIT(11)', "b'10000000001'", "b'1'"],
  c_day: ['DATE', "'2024-02-29'", "'2024-03-01'"],
  c_at0: ['DATETIME', "'2024-02-29 23:59:59'", "'2024-02-29 23:59:58'"],
  c_at3: ['DATETIME(3)', "'2024-02-29 23:59:59.123'", "'2024-02-29 23:59:59.124'"],
  c_at6: ['DATETIME(6)', "'2024-02-29 23:59:59.123456'", "'2024-02-29 23:59:59.123457'"],
  c_stamp: ['TIMESTAMP(1) NULL', "'2024-02-29 23:59:59.1'", "'2024-02-29 23:59:59.2'"],
  c_clock: ['TIME(5)', "'-838:59:58.99999'", "'00:00:00.00001'"],
  c_year: ['YEAR', '1901', '2155'],
  c_letter: ['CHAR(3)', "'a'", "'b'"],
  c_fixed: ['CHAR(200) CHARACTER SET utf8mb4', "'ä'", "'🦊'"],
  c_text: ['VARCHAR(50)', "'a'", "''"],
  c_longer: ['VARCHAR(300)', "REPEAT('a', 299)", "REPEAT('b', 299)"],
  c_old: ['VARCHAR(20) CHARACTER SET latin1', "'ä'", "'ö'"],
  c_bytes: ['VARBINARY(300)', "x'00ff'", "x'00fe'"],
  c_padded: ['BINARY(16)', "x'ff00'", "x'fe00'"],
  c_tinyText: ['TINYTEXT', "'a'", "'b'"],
  c_note: ['TEXT', "REPEAT('n', 70)", "REPEAT('m', 70)"],
  c_novel: ['LONGTEXT', "REPEAT('n', 70000)", "REPEAT('m', 70000)"],
  c_blob: ['MEDIUMBLOB', "REPEAT(x'ff', 66000)", "x''"],
  c_size: ["ENUM('s', 'm', 'ü')", "'ü'", "'s'"],
  c_tags: ["SET('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i')", "'a,i'", "'a,h'"],
  c_doc: ['JSON', '\'{"a": [1, "x"]}\'', '\'{"a": [2, "x"]}\''],
  c_place: ['POINT', 'POINT(1, 2)', 'POINT(2, 1)'],
};
const NAMES = Object.keys(COLUMNS);
const valuesOf = (which: 1 | 2): string => NAMES.map((name) => COLUMNS[name]?.[which] ?? '').join(', ');

let world: World | undefined;
afterEach(() => world?.close());

test.each(['mapped', 'all'] as const)(
  'an update names exactly the columns that it changed, of every type, when messages carry columns: %s',
  async (columns) => {
    world = await createWorld(inject('servers'));
    const { sql, id, kafka, topic } = world;
    const declared = NAMES.map((name) => `${name} ${COLUMNS[name]?.[0] ?? ''}`).join(', ');
    await sql.query(`CREATE TABLE t (id INT PRIMARY KEY, ${declared}, last INT)`);
    const path = await world.configure({ [`${id}.t`]: { keys: ['t:{id}:{last}'] } }, { kafka: { columns } });
    await world.run(path, '--only', 'tail');
    await sql.query(`INSERT INTO t VALUES (1, ${valuesOf(1)}, 7)`);
    for (const name of NAMES) await sql.query(`UPDATE t SET ${name} = ${COLUMNS[name]?.[2] ?? ''}`);
    for (const name of NAMES) await sql.query(`UPDATE t SET ${name} = NULL`);
    await sql.query(
      `UPDATE t SET ${NAMES.map((name) => `${name} = ${COLUMNS[name]?.[1] ?? ''}`).join(', ')}`,
    );
    await sql.query('UPDATE t SET last = 8');
    await sql.query('DELETE FROM t');

    const messages = await until(
      async () => {
        const read = await readTopic(kafka, topic);
        return read.length === 2 * NAMES.length + 4 && read;
      },
      { what: 'all messages', everyMs: 200 },
    );
    const told = messages.map(({ value }) => JSON.parse(String(value)) as Told);
    expect(told.map(({ changed }) => changed)).toEqual([
      [],
      ...NAMES.map((name) => [name]),
      ...NAMES.map((name) => [name]),
      NAMES,
      ['last'],
      [],
    ]);
    const carried = columns === 'all' ? ['id', ...NAMES, 'last'] : ['id', 'last'];
    for (const { before, after } of told) {
      for (const image of [before, after]) if (image !== null) expect(Object.keys(image)).toEqual(carried);
    }
    const [first, last] = [told.at(0)?.after, told.at(-1)?.before];
    expect(last).toEqual({ ...first, last: 8 }); // what was left as it was is carried all the same
    expect([first?.id, first?.last]).toEqual([1, 7]);
  },
);

interface Told {
  readonly changed: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}
