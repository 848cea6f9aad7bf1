import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import type { UnstaleProcess } from '../support/unstale.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let path: string;
let unstale: UnstaleProcess;

beforeEach(async () => {
  world = await createWorld(inject('servers'));
  await world.sql.query(`
    CREATE TABLE items (id INT PRIMARY KEY, version INT);
    INSERT INTO items VALUES (1, 0), (2, 0);
    CREATE TABLE bystanders (id INT PRIMARY KEY);
    INSERT INTO bystanders VALUES (1)`);
  path = await world.configure({
    [`${world.id}.items`]: { keys: ['item:{id}'] },
    [`/^${world.id}\\.products_(?<shard>\\d+)$/`]: {
      keys: ['product:{shard}:{id}', 'in:{$db}:{$table}:{id}'],
    },
  });
  unstale = await world.run(path);
});
afterEach(() => world.close());

const expectChangeDeletes = async (sql: string, ...keys: string[]): Promise<void> => {
  await world.fill(...keys);
  await world.sql.query(sql);
  await world.untilGone(...keys);
};

describe('while unstale runs', () => {
  test.each([
    ['TRUNCATE', 'TRUNCATE TABLE items'],
    ['DROP', 'DROP TABLE items'],
    ['RENAME', 'RENAME TABLE items TO elsewhere'],
    ['a conversion', 'ALTER TABLE items MODIFY version BIGINT'],
  ])('%s of a mapped table stops it, with the way out', async (_, sql) => {
    await expectChangeDeletes('UPDATE items SET version = 1 WHERE id = 1', 'item:1');
    await world.sql.query(sql);
    expect(await unstale.exited).toBe(1);
    for (const text of ['BINLOG_NOT_BY_ROW', `${world.id}.items`, 'unstale run --reset-position'])
      expect(unstale.log()).toContain(text);
  });

  test('the way out of a TRUNCATE leads on', async () => {
    await world.sql.query('TRUNCATE TABLE items');
    expect(await unstale.exited).toBe(1);
    expect((await world.command('run', '-c', path)).code).toBe(1); // the same place stops it again
    await world.run(path, '--reset-position');
    await expectChangeDeletes('INSERT INTO items VALUES (1, 7)', 'item:1');
  });

  test('columns, indexes and tables that come, and statements on tables that it does not map, stop nothing', async () => {
    await world.sql.query(`
      ALTER TABLE items ADD COLUMN colour VARCHAR(20) AFTER id, ADD INDEX (colour);
      CREATE INDEX by_version ON items (version);
      ALTER TABLE items DROP INDEX by_version;
      ANALYZE TABLE items;
      TRUNCATE TABLE bystanders;
      DROP TABLE bystanders;
      CREATE TABLE bystanders (id INT PRIMARY KEY)`);
    await expectChangeDeletes("UPDATE items SET colour = 'red' WHERE id = 2", 'item:2');
    await expectChangeDeletes("INSERT INTO items VALUES (3, 'green', 1)", 'item:3');
    expect(unstale.isRunning(), unstale.log()).toBe(true);
  });

  test('a table that a pattern matches is picked up when it is created, with what the pattern captures', async () => {
    await world.sql.query('CREATE TABLE products_07 (id INT PRIMARY KEY, stock INT)');
    await world.fill('product:7:5', 'product:08:5');
    await expectChangeDeletes(
      'INSERT INTO products_07 VALUES (5, 1)',
      'product:07:5',
      `in:${world.id}:products_07:5`,
    );
    await expectChangeDeletes('UPDATE products_07 SET stock = 2', 'product:07:5');
    await world.sql.query(
      'CREATE TABLE products_08x (id INT PRIMARY KEY); INSERT INTO products_08x VALUES (5)',
    );
    await expectChangeDeletes('DELETE FROM products_07', 'product:07:5');
    expect(await world.present('product:7:5', 'product:08:5')).toHaveLength(2);
  });
});
