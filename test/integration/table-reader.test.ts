import fc from 'fast-check';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createKeyset } from '../../src/clients/keyset.js';
import { readTableFacts } from '../../src/clients/table-facts.js';
import { openTableReader } from '../../src/clients/table-reader.js';
import type { DbRow } from '../../src/domain/db-row.js';
import type { TableSchema } from '../../src/mapping/table-schema.js';
import type { PagePlace, TableReader } from '../../src/reconcile/effects.js';
import { type KeyTables, createKeyTables } from '../support/key-tables.js';
import { KEY_TYPES, type KeyType, rowsOf } from '../support/key-types.js';
import { until } from '../support/until.js';
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

async function readAll(schema: TableSchema, columns: readonly string[], rowsMax: number): Promise<DbRow[]> {
  const rows: DbRow[] = [];
  let after: PagePlace | undefined;
  for (;;) {
    const page = await reader.page({ schema, columns, after, rowsMax });
    rows.push(...page.rows);
    if (rows.length > 10_000) throw new Error('the pages do not end');
    if (page.rows.length < rowsMax) return rows;
    after = page.next;
  }
}

const ids = (rows: readonly DbRow[]): unknown[] => rows.map(([id]) => id);
const orderOf = ({ key }: KeyType, { rowKey = [] }: TableSchema): string =>
  rowKey.map((name) => (key?.includes(`${name} DESC`) === true ? `${name} DESC` : name)).join();

describe.each(KEY_TYPES)('pages by $title', (type) => {
  const table = `keys_${KEY_TYPES.indexOf(type)}`;
  let schema: TableSchema;
  beforeAll(async () => {
    schema = await tables.create(table, type);
  });

  test('have each row once, in the order of the key', async () => {
    const property = async (rows: string[][]): Promise<void> => {
      await tables.fill(table, rows);
      const sorted = `SELECT id FROM ${table} ORDER BY ${orderOf(type, schema)}`;
      const expected = (await tables.select(sorted)).map(({ id }) => id as number);
      for (const rowsMax of [1, 2, 7]) {
        expect(ids(await readAll(schema, ['id'], rowsMax))).toEqual(expected);
        const withKey = await readAll(schema, ['id', ...(schema.rowKey ?? [])], rowsMax);
        expect(ids(withKey)).toEqual(expected);
        expect(withKey.every((row) => row.length === 1 + (schema.rowKey?.length ?? 0))).toBe(true);
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(rowsOf(type), { maxLength: 25 }), property), { numRuns: 4 });
  });

  test.skipIf(type.seekless)('are sought in its index, and read no more of it than they give', async () => {
    await tables.fill(table, fc.sample(rowsOf(type), 1_500));

    const facts = await readTableFacts(tables.select, schema);
    const keyset = createKeyset(schema, facts, ['id']);
    const rowsMax = 5;
    const statements = await statementsOf(schema, (after) => keyset.statement(after, rowsMax));
    for (const statement of statements) {
      const [plan] = await tables.select(`EXPLAIN FORMAT=TREE ${statement}`);
      expect(plan?.EXPLAIN).not.toMatch(/Sort|Table scan/);
      expect(
        await tables.rowsTouched(statement),
        `${statement}\n${String(plan?.EXPLAIN)}`,
      ).toBeLessThanOrEqual(4 * rowsMax);
    }
  });
});

/** Of a few pages: the first, the last, and some between. */
async function statementsOf(
  schema: TableSchema,
  statement: (after: PagePlace | undefined) => string,
): Promise<string[]> {
  const places: (PagePlace | undefined)[] = [undefined];
  for (;;) {
    const { rows, next } = await reader.page({ schema, columns: ['id'], after: places.at(-1), rowsMax: 10 });
    if (next !== undefined) places.push(next);
    if (rows.length < 10) break;
  }
  const picked = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * (places.length - 1)));
  return [...new Set(picked)].map((index) => statement(places[index]));
}

/** One INT. */
const INT_KEY: KeyType = { title: '', columns: [{ definition: 'INT', values: fc.constant('0') }] };

describe('pages', () => {
  test('have every row that stays, once, while others come and go', async () => {
    const schema = await tables.create('moving', INT_KEY);
    await tables.fill(
      'moving',
      Array.from({ length: 100 }, (_, index) => [String(index * 10)]),
    );
    const seen: unknown[] = [];
    let after: PagePlace | undefined;
    for (let round = 0; ; round += 1) {
      const { rows, next } = await reader.page({ schema, columns: ['k0'], after, rowsMax: 7 });
      seen.push(...rows.flat());
      if (next === undefined) break;
      after = next;
      const last = Number(rows.at(-1)?.[0]);
      // The row that the place came from goes too. Those that stay are the multiples of 20.
      const gone = [last, last - 10, last + 10].filter((each) => each % 20 !== 0).join();
      const come = [last - 3, last + 3].filter((each) => each < 990).map((each) => `(-1, ${each})`);
      await world.sql.query(`INSERT IGNORE INTO moving VALUES ${come.join()}`);
      if (gone !== '') await world.sql.query(`DELETE FROM moving WHERE k0 IN (${gone})`);
    }
    const stayed = seen.filter((each) => Number(each) % 20 === 0);
    expect(stayed).toEqual(Array.from({ length: 50 }, (_, index) => index * 20));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('start again behind a place that another key made, so that nothing is missed', async () => {
    const schema = await tables.create('altered', INT_KEY);
    await tables.fill('altered', [['1'], ['2']]);
    const { next } = await reader.page({ schema, columns: ['id'], after: undefined, rowsMax: 1 });
    await world.sql.query('ALTER TABLE altered DROP PRIMARY KEY, ADD PRIMARY KEY (id)');
    const altered = await tables.schemaOf('altered');
    const page = await reader.page({ schema: altered, columns: ['k0'], after: next, rowsMax: 9 });
    expect(page.rows).toEqual([[1], [2]]);
  });

  test('go on after an ALTER that names the index anew, once the failure is told', async () => {
    const schema = await tables.create('renamed', { ...INT_KEY, key: 'UNIQUE a (k0)' });
    const query = { schema, columns: ['id'], after: undefined, rowsMax: 9 };
    await reader.page(query);
    await world.sql.query('ALTER TABLE renamed RENAME INDEX a TO b');
    await expect(reader.page(query)).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    expect((await reader.page(query)).rows).toEqual([]);
  });

  test('of no columns are rows of nothing', async () => {
    const schema = await tables.create('empty_rows', INT_KEY);
    await tables.fill('empty_rows', [['1'], ['2']]);
    const { rows } = await reader.page({ schema, columns: [], after: undefined, rowsMax: 9 });
    expect(rows).toEqual([[], []]);
  });
});

describe('a table reader', () => {
  const connections = (): Promise<RowDataPacket[]> =>
    tables.select(
      `SELECT ID AS id, STATE AS state FROM information_schema.PROCESSLIST WHERE USER = '${world.id}'`,
    );
  const urlOf = (user: string): string => {
    const url = new URL(world.servers.mysql);
    url.username = user;
    return url.href;
  };

  test('replaces connections that were killed, between two calls or in a call, and reads several things at once', async () => {
    const schema = await tables.create('killed', INT_KEY);
    await tables.fill('killed', [['7']]);
    await world.sql.query(`CREATE USER '${world.id}'@'%'; GRANT ALL ON *.* TO '${world.id}'@'%'`);
    const own = openTableReader({ url: urlOf(world.id) });
    expect(await connections()).toEqual([]); // lazily
    const query = { schema, columns: ['k0'], after: undefined, rowsMax: 9 };
    const readThrice = async (): Promise<unknown> => {
      const pages = await Promise.all([own.page(query), own.page(query), own.page(query)]);
      return pages.map(({ rows }) => rows);
    };
    const killAll = async (): Promise<void> => {
      const alive = await connections();
      expect(alive).toHaveLength(3);
      for (const { id } of alive) await world.sql.query(`KILL ${String(id)}`);
    };
    expect(await readThrice()).toEqual([[[7]], [[7]], [[7]]]);
    await killAll();
    expect(await readThrice()).toEqual([[[7]], [[7]], [[7]]]);

    const locking = await world.connect();
    await locking.query('LOCK TABLES killed WRITE');
    const reading = readThrice();
    const areWaiting = async (): Promise<boolean> =>
      (await connections()).filter(({ state }) => String(state).includes('metadata lock')).length === 3;
    await until(areWaiting, { what: 'three reads that wait for the lock' });
    await killAll();
    await until(areWaiting, { what: 'three more of them' });
    locking.destroy();
    expect(await reading).toEqual([[[7]], [[7]], [[7]]]);
    await Promise.all([own.close(), own.close()]);
    await world.sql.query(`DROP USER '${world.id}'@'%'`);
  });

  test('says which user lacks which right', async () => {
    const schema = await tables.create('secret', INT_KEY);
    const query = { schema, columns: ['k0'], after: undefined, rowsMax: 9 };
    const stranger = openTableReader({ url: urlOf('nobody_of_that_name') });
    await expect(stranger.page(query)).rejects.toMatchObject({ code: 'MYSQL_ACCESS_DENIED' });
    await stranger.close();
    const user = `${world.id}_poor`;
    await world.sql.query(
      `CREATE USER '${user}'@'%'; GRANT SELECT (id) ON ${world.id}.secret TO '${user}'@'%'`,
    );
    const poor = openTableReader({ url: urlOf(user) });
    for (const columns of [['k0'], ['id']])
      await expect(poor.page({ ...query, columns })).rejects.toMatchObject({ code: 'MYSQL_ACCESS_DENIED' });
    await poor.close();
    await world.sql.query(`DROP USER '${user}'@'%'`);
  });

  test('tells what the server refuses, and that it is closed', async () => {
    const own = openTableReader({ url: world.servers.mysql });
    const position = { kind: 'gtid', gtidSet: 'nonsense', file: '', offset: 0 } as const;
    await expect(own.covers(position, position)).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
    await own.close();
    await expect(own.executed()).rejects.toMatchObject({ code: 'MYSQL_UNREACHABLE' });
  });

  test("knows the server's position, which covers earlier ones and not later ones", async () => {
    const before = await reader.executed();
    expect(before).toMatchObject({ kind: 'gtid', file: expect.stringContaining('binlog.') as string });
    await world.sql.query('CREATE TABLE positions (id INT PRIMARY KEY)');
    const after = await reader.executed();
    expect(await reader.covers(after, before)).toBe(true);
    expect(await reader.covers(before, before)).toBe(true);
    expect(await reader.covers(before, after)).toBe(false);
    const inFiles = { kind: 'file', serverUuid: 'a', file: 'binlog.000001', offset: 4 } as const;
    expect(await reader.covers(after, inFiles)).toBe(false);
    expect(await reader.covers(inFiles, after)).toBe(false);
  });

  test('estimates rows, of no table none', async () => {
    await world.sql.query(
      'CREATE TABLE counted (id INT PRIMARY KEY); INSERT INTO counted VALUES (1), (2), (3)',
    );
    await tables.select('ANALYZE TABLE counted');
    expect(await reader.estimateRows({ db: world.id, table: 'counted' })).toBe(3);
    expect(await reader.estimateRows({ db: world.id, table: 'none' })).toBe(0);
  });
});
