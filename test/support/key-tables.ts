import type { RowDataPacket } from 'mysql2/promise';
import { openMysqlSession } from '../../src/clients/mysql.js';
import type { TableSchema } from '../../src/mapping/table-schema.js';
import { type KeyType, createTable } from './key-types.js';
import type { World } from './world.js';

/** Tables of a world, one for each type of key. */
export interface KeyTables {
  select(sql: string): Promise<RowDataPacket[]>;
  /** Of a table that is there. */
  schemaOf(table: string): Promise<TableSchema>;
  create(table: string, type: KeyType): Promise<TableSchema>;
  /** Replaces all rows; `id` is their index. Those that equal another row are left out. */
  fill(table: string, rows: readonly (readonly string[])[]): Promise<void>;
  /** How many rows and index entries the server reads for a statement, rows of its own temporary tables aside. */
  rowsTouched(statement: string): Promise<number>;
}

/** Changes settings of the world's session: TIMESTAMP in UTC, and all values that MySQL can hold at all. */
export async function createKeyTables({ id: db, sql, servers }: World): Promise<KeyTables> {
  await sql.query(
    `SET NAMES utf8mb4, SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00',
         optimizer_switch = 'use_invisible_indexes=on'`,
  );
  const select = async (statement: string): Promise<RowDataPacket[]> =>
    (await sql.query<RowDataPacket[]>(statement))[0];
  const schemaOf = async (table: string): Promise<TableSchema> => {
    const session = await openMysqlSession({ url: servers.mysql });
    const [schema] = await session.schemas((schemaDb, name) => schemaDb === db && name === table);
    await session.close();
    if (schema === undefined) throw new Error(`there is no ${table}`);
    return schema;
  };
  const readsSoFar = async (): Promise<number> => {
    const rows = await select("SHOW SESSION STATUS LIKE 'Handler_read%'");
    const counted = rows.filter(({ Variable_name: name }) => name !== 'Handler_read_rnd');
    return counted.reduce((sum, { Value: value }) => sum + Number(value), 0);
  };
  return {
    select,
    schemaOf,
    async create(table, type) {
      await sql.query(`DROP TABLE IF EXISTS ${table}; ${createTable(table, type)}`);
      return schemaOf(table);
    },
    async fill(table, rows) {
      await sql.query(`DELETE FROM ${table}`);
      if (rows.length === 0) return;
      const tuples = rows.map((row, index) => `(${[index, ...row].join(', ')})`).join(', ');
      await sql.query(`INSERT IGNORE INTO ${table} VALUES ${tuples}; ANALYZE TABLE ${table}`);
    },
    async rowsTouched(statement) {
      const before = await readsSoFar();
      const between = await readsSoFar();
      await select(statement);
      return (await readsSoFar()) - between - (between - before); // asking reads rows too
    },
  };
}
