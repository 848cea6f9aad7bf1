import { expect, test } from 'vitest';
import { sizesUpTo, stockKeyOf, stockOf } from '../../bench/reconcile-table.js';
import { keysOf, productOf } from '../../bench/workload.js';

test.each([
  [10_000_000, [100_000, 1_000_000, 10_000_000]],
  [1_000_000, [100_000, 1_000_000]],
  [500_000, [50_000, 500_000]],
  [25, [2, 25]],
])('up to %d rows, memory is measured at %j', (largest, sizes) => {
  expect(sizesUpTo(largest)).toEqual(sizes);
});

test('the key and the stock of a row are those of the product with its id', () => {
  expect(keysOf(742)).toContain(stockKeyOf(742));
  const [, , , , stock] = productOf(742);
  expect(stockOf(742)).toBe(stock);
});
