import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowsDone } from '../../bench/parts/pipeline.js';
import { blockOf, keysPerRow, productsTouched, type WorkloadSize } from '../../bench/workload.js';

const sizes = fc
  .record({
    blocks: fc.integer({ min: 1, max: 60 }),
    transactions: fc.integer({ min: 1, max: 200 }),
    rowsPerTransaction: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ blocks, transactions, rowsPerTransaction }): WorkloadSize => ({
    products: blocks * rowsPerTransaction,
    transactions,
    rowsPerTransaction,
  }));

const blocksOf = (size: WorkloadSize): number[] =>
  Array.from({ length: size.transactions }, (_, transaction) => blockOf(transaction, size));

describe('the backlog', () => {
  test('touches the products from 1 on, as many as it says', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const touched = [...new Set(blocksOf(size))].sort((a, b) => a - b);
        expect(touched).toEqual(
          Array.from({ length: productsTouched(size) / size.rowsPerTransaction }, (_, block) => block),
        );
      }),
    );
  });

  test('takes its last keys with its last transactions, so that an empty cache means its end', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const blocks = blocksOf(size);
        const distinct = new Set(blocks).size;
        // At least the second half of the last pass, less one where the number is odd.
        for (const block of blocks.slice(blocks.length - Math.max(1, Math.floor(distinct / 2))))
          if (distinct > 1) expect(blocks.filter((other) => other === block)).toHaveLength(1);
      }),
    );
  });
});

describe('rows done, as the cache tells them', () => {
  const whole = { rows: 300, products: 200 };

  test('a row counts when both its keys are gone', () => {
    expect(rowsDone({ ...whole, keysLeft: 200 * keysPerRow })).toBe(0);
    expect(rowsDone({ ...whole, keysLeft: 200 * keysPerRow - 1 })).toBe(0);
    expect(rowsDone({ ...whole, keysLeft: 200 * keysPerRow - 2 })).toBe(1);
  });

  test('repeated rows count only at the end', () => {
    expect(rowsDone({ ...whole, keysLeft: 1 })).toBe(199);
    expect(rowsDone({ ...whole, keysLeft: 0 })).toBe(300);
  });
});
