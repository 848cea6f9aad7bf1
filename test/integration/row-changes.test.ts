import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createWorld, type World } from '../support/world.js';

describe('a row change in MySQL', () => {
  let world: World;
  const sql = (text: string, values: unknown[] = []): Promise<unknown> => world.sql.query(text, values);

  beforeAll(async () => {
    world = await createWorld(inject('servers'));
    await sql(`
      CREATE TABLE products (id BIGINT PRIMARY KEY, sku VARCHAR(1100), stock INT, category INT, UNIQUE (sku(200)));
      CREATE TABLE stock (shop INT, product VARCHAR(200), amount INT, PRIMARY KEY (shop, product));
      CREATE TABLE unmapped (id INT PRIMARY KEY);
      INSERT INTO products VALUES (1, 'one', 1, 7), (2, 'two', 2, 7), (3, 'three', 3, 8), (4, 'four', 4, 8),
        (50, 's50', 1, 1), (51, 's51', 1, 1), (52, 's52', 1, 1);
      INSERT INTO stock VALUES (1, 'a', 1)`);
    const path = await world.configure({
      [`${world.id}.products`]: {
        keys: [
          'product:{id}',
          'sku:{sku}',
          { key: 'category:{category}', when: ['category'] },
          { key: 'all', field: '{id}' },
          { key: 'page:{{eu}}:{id}:{locale}', with: { locale: ['en', 'de'] } },
        ],
      },
      [`${world.id}.stock`]: { keys: ['stock:{shop}:{product}'] },
    });
    await world.run(path);
  });
  afterAll(() => world.close());

  test('an insert deletes the keys of the new row', async () => {
    await world.fill('product:10', 'sku:ten', 'page:{eu}:10:en', 'page:{eu}:10:de', 'category:9');
    await sql("INSERT INTO products VALUES (10, 'ten', 1, 9)");
    await world.untilGone('product:10', 'sku:ten', 'page:{eu}:10:en', 'page:{eu}:10:de', 'category:9');
  });

  test('an update deletes the keys of its row, and of no other', async () => {
    await world.fill('product:1', 'sku:one', 'product:2', 'product:11', 'product:', 'product:1:x');
    await sql('UPDATE products SET stock = stock + 1 WHERE id = 1');
    await world.untilGone('product:1', 'sku:one');
    expect(await world.present('product:2', 'product:11', 'product:', 'product:1:x')).toHaveLength(4);
  });

  test('an update that changes the sku deletes the old and the new key', async () => {
    await world.fill('sku:two', 'sku:zwei');
    await sql("UPDATE products SET sku = 'zwei' WHERE id = 2");
    await world.untilGone('sku:two', 'sku:zwei');
  });

  test('an update that changes the primary key deletes the keys of both', async () => {
    await world.fill('product:3', 'product:33', 'sku:three');
    await sql('UPDATE products SET id = 33 WHERE id = 3');
    await world.untilGone('product:3', 'product:33', 'sku:three');
  });

  test('a key with `when` goes only if such a column changed', async () => {
    await world.fill('category:7', 'category:8', 'product:4', 'product:1');
    await sql('UPDATE products SET stock = 0 WHERE id = 1');
    await world.untilGone('product:1');
    expect(await world.present('category:7')).toEqual(['category:7']);
    await sql('UPDATE products SET category = 8 WHERE id = 1');
    await world.untilGone('category:7', 'category:8');
  });

  test('a delete deletes the keys of the row, and its field in the hash only', async () => {
    await world.cache.hset(`${world.prefix}all`, { 4: 'x', 44: 'y' });
    await world.fill('product:4', 'sku:four');
    await sql('DELETE FROM products WHERE id = 4');
    await world.untilGone('product:4', 'sku:four');
    await expect.poll(() => world.cache.hkeys(`${world.prefix}all`)).toEqual(['44']);
  });

  test('REPLACE deletes the keys of the row that it removes and of the one that it makes', async () => {
    await sql("INSERT INTO products VALUES (20, 'twenty', 1, 1)");
    await world.fill('sku:twenty', 'sku:vingt', 'product:20');
    await sql("REPLACE INTO products VALUES (20, 'vingt', 1, 1)");
    await world.untilGone('sku:twenty', 'sku:vingt', 'product:20');
  });

  test('INSERT … ON DUPLICATE KEY UPDATE deletes the keys of the row that it changes', async () => {
    await sql("INSERT INTO products VALUES (21, 'x21', 1, 1)");
    await world.fill('sku:x21', 'sku:y21', 'product:21');
    await sql("INSERT INTO products VALUES (21, 'ignored', 1, 1) ON DUPLICATE KEY UPDATE sku = 'y21'");
    await world.untilGone('sku:x21', 'sku:y21', 'product:21');
  });

  test('a transaction over several tables deletes the keys of all, once it commits', async () => {
    await world.fill('product:1', 'stock:1:a');
    await sql('START TRANSACTION; UPDATE products SET stock = 9 WHERE id = 1; UPDATE stock SET amount = 9');
    expect(await world.present('product:1', 'stock:1:a')).toHaveLength(2);
    await sql('INSERT INTO unmapped VALUES (1); COMMIT');
    await world.untilGone('product:1', 'stock:1:a');
  });

  test('what is rolled back deletes nothing, in whole and from a savepoint on', async () => {
    await world.fill('product:50', 'product:51', 'product:52');
    await sql('START TRANSACTION; UPDATE products SET stock = 2 WHERE id = 50; ROLLBACK');
    await sql(`START TRANSACTION; UPDATE products SET stock = 2 WHERE id = 51; SAVEPOINT s;
      UPDATE products SET stock = 2 WHERE id = 52; ROLLBACK TO s; COMMIT`);
    await world.untilGone('product:51');
    expect(await world.present('product:50', 'product:52')).toHaveLength(2);
  });

  test('a composite key is filled in from all its columns', async () => {
    await world.fill('stock:2:b', 'stock:2:c');
    await sql("INSERT INTO stock VALUES (2, 'b', 1)");
    await world.untilGone('stock:2:b');
    expect(await world.present('stock:2:c')).toEqual(['stock:2:c']);
  });

  test.each([
    ['spaces', 'a b  c'],
    ['braces', '{id}{{x}}'],
    ['colons', 'a:b:c'],
    ['a pattern', '*'],
    ['question marks and classes', '?[a-z]'],
    ['newlines', 'a\r\nb\tc'],
    ['quotes and backslashes', `"'\\n`],
    ['a NUL', 'a\0b'],
    ['utf8mb4', 'naïve 🦊 日本'],
    ['1 KB', 'x'.repeat(1_024)],
    ['nothing', ''],
  ])('a value with %s is text in its key, and nothing more', async (_, value) => {
    await world.fill(`sku:${value}`, 'sku:bystander', 'product:bystander');
    await sql('REPLACE INTO products VALUES (60, ?, 1, 1)', [value]);
    await world.untilGone(`sku:${value}`);
    expect(await world.present('sku:bystander', 'product:bystander')).toHaveLength(2);
  });

  test('numbers beyond 2^53 keep all their digits', async () => {
    await world.fill('product:9007199254740993', 'product:9007199254740992');
    await sql("INSERT INTO products VALUES (9007199254740993, 'big', 1, 1)");
    await world.untilGone('product:9007199254740993');
    expect(await world.present('product:9007199254740992')).toHaveLength(1);
  });

  test('a key that a slow reader puts back goes when the change has settled', async () => {
    await world.fill('product:1');
    await sql('UPDATE products SET stock = 77 WHERE id = 1');
    await world.untilGone('product:1');
    await world.fill('product:1'); // what the reader had read before the update
    await world.untilGone('product:1');
  });
});
