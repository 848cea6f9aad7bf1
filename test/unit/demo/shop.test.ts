import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCatalogue, popularPlace } from '../../../infra/demo/shop/catalogue.js';
import { planTransaction } from '../../../infra/demo/shop/transactions.js';

const items = (count: number) => Array.from({ length: count }, (_, n) => ({ id: n + 1, sku: `SKU-${n}` }));
const even = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the catalogue', () => {
  test('the first hundredth draws about a fifth of all traffic', () => {
    const draws = Array.from({ length: 10_000 }, (_, n) => popularPlace(n / 10_000, 10_000));
    const share = draws.filter((place) => place < 100).length / draws.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
  });

  test('holds what was added and not what was removed, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 40 }), (picks) => {
        const catalogue = createCatalogue(items(3), () => 0);
        const expected = new Set([1, 2, 3]);
        for (const pick of picks) {
          if (expected.has(pick)) {
            catalogue.remove(pick);
            expected.delete(pick);
          } else {
            catalogue.add({ id: pick, sku: `S-${pick}` });
            expected.add(pick);
          }
        }
        expect(new Set(catalogue.items().map(({ id }) => id))).toEqual(expected);
        expect(catalogue.items()).toHaveLength(expected.size);
      }),
    );
  });

  test('a renamed product is found under its new sku', () => {
    const catalogue = createCatalogue(items(1), () => 0);
    catalogue.rename(1, 'NEW');
    expect(catalogue.popular()).toEqual({ id: 1, sku: 'NEW' });
  });

  test('a product that was sold out before it was renamed stays gone', () => {
    const catalogue = createCatalogue(items(2), () => 0);
    catalogue.remove(2);
    catalogue.rename(2, 'NEW');
    expect(catalogue.items()).toEqual([{ id: 1, sku: 'SKU-0' }]);
  });
});

describe('planTransaction', () => {
  test('changes one to five rows, existing ones in ascending order of id', () => {
    fc.assert(
      fc.property(fc.array(even, { minLength: 20, maxLength: 20 }), (numbers) => {
        let drawn = 0;
        const random = () => numbers[drawn++ % numbers.length] ?? 0;
        const statements = planTransaction(createCatalogue(items(100), random), random, () => 1);
        expect(statements.length).toBeGreaterThanOrEqual(1);
        expect(statements.length).toBeLessThanOrEqual(5);
        const ids = statements
          .filter(({ sql }) => !sql.startsWith('INSERT'))
          .map(({ values }) => Number(values.at(-1)));
        expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      }),
    );
  });

  test('makes every kind of change', () => {
    const catalogue = createCatalogue(items(100), Math.random);
    const kinds = new Set(
      Array.from({ length: 100 }, (_, percent) => {
        const numbers = [percent / 100, 0.5, 0.5];
        return planTransaction(
          catalogue,
          () => numbers.shift() ?? 0.5,
          () => 1,
        )[0]?.sql.replace(/ = .*| VALUES.*/, '');
      }),
    );
    expect([...kinds].sort()).toEqual([
      'DELETE FROM products WHERE id',
      'INSERT INTO products (sku, name, stock, price, category_id, status)',
      'UPDATE products SET category_id',
      'UPDATE products SET price',
      'UPDATE products SET sku',
      'UPDATE products SET stock',
    ]);
  });
});
