import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createKeyMatcher } from '../../../src/mapping/key-matcher.js';
import { compileMapping } from '../../../src/mapping/mapping.js';
import type { TableMapping } from '../../../src/mapping/table-mapping.js';

const tables: TableMapping[] = [
  {
    name: 'shop.products',
    match: { kind: 'exact', table: { db: 'shop', table: 'products' } },
    keys: [{ key: 'product:{id}' }, { key: 'page:{{eu}}:{id}:{locale}', with: { locale: ['en', 'de'] } }],
  },
];

describe('whether a key is ours', () => {
  const isOurs = createKeyMatcher(tables, { keyPrefix: 'app.' });

  test.each(['app.product:7', 'app.product:', 'app.product:a\nb', 'app.page:{eu}:7:en'])('%j is', (key) => {
    expect(isOurs(key)).toBe(true);
  });

  test.each(['product:7', 'app.product', 'appxproduct:7', 'app.session:7', '*', '', 'app.page:eu:7:en'])(
    '%j is not',
    (key) => {
      expect(isOurs(key)).toBe(false);
    },
  );

  test('every key that a template makes is', () => {
    const plan = compileMapping(tables, { keyPrefix: 'app.' }).planFor({ db: 'shop', table: 'products' });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const table = { db: 'shop', table: 'products' };
        const targets = plan?.targetsOf({ operation: 'insert', table, after: { id } }) ?? [];
        expect(targets.map(({ key }) => isOurs(key))).toEqual([true, true, true]);
      }),
    );
  });
});
