import { describe, expect, test } from 'vitest';
import { keyOf } from '../../../infra/demo/shop/keys.js';
import { loadConfig } from '../../../src/config/load.js';
import { compileMapping } from '../../../src/mapping/mapping.js';

const env = {
  MYSQL_URL: 'mysql://unstale_cdc:secret@127.0.0.1:3306',
  KAFKA_BROKER: '127.0.0.1:9092',
  CACHE_URL: 'redis://127.0.0.1:6379/0',
  QUEUE_URL: 'redis://127.0.0.1:6380/0',
};

describe('the configuration that the demo and the README show', () => {
  test('is valid, and maps each key that the shop caches to the columns which it shows', async () => {
    const { tables } = await loadConfig({ path: 'infra/demo/unstale.yaml', env });
    const plan = compileMapping(tables).planFor({ db: 'shop', table: 'products' });
    const before = {
      id: 7,
      sku: 'OLD',
      name: 'Lamp',
      stock: 3,
      price: '9.50',
      category_id: 1,
      status: 'on sale',
    };
    const targets = plan?.targetsOf({
      operation: 'update',
      table: { db: 'shop', table: 'products' },
      before,
      after: { ...before, sku: 'NEW', category_id: 2 },
      changed: ['sku', 'category_id'],
    });
    expect(new Set(targets?.map(({ key }) => key))).toEqual(
      new Set([
        keyOf({ kind: 'product', id: 7 }),
        keyOf({ kind: 'stock', id: 7 }),
        keyOf({ kind: 'sku', sku: 'OLD' }),
        keyOf({ kind: 'sku', sku: 'NEW' }),
        keyOf({ kind: 'category', id: 1 }),
        keyOf({ kind: 'category', id: 2 }),
      ]),
    );
  });
});
