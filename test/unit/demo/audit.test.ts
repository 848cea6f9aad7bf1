import { describe, expect, test } from 'vitest';
import { differingKeys, staleAtBothLooks } from '../../../infra/demo/audit.js';

describe('differingKeys', () => {
  test('names a key whose value is not its row’s, with both', () => {
    const cached = new Map([
      ['product:1:stock', '5'],
      ['product:2:stock', '7'],
    ]);
    const expected = new Map([
      ['product:1:stock', '5'],
      ['product:2:stock', '6'],
    ]);
    expect(differingKeys(cached, expected)).toEqual([{ key: 'product:2:stock', cached: '7', expected: '6' }]);
  });

  test('names a key whose row is gone', () => {
    const cached = new Map([['product:sku:OLD', '{"id":1}']]);
    expect(differingKeys(cached, new Map())).toEqual([
      { key: 'product:sku:OLD', cached: '{"id":1}', expected: undefined },
    ]);
  });

  test('does not mind keys that hold nothing', () => {
    expect(differingKeys(new Map(), new Map([['product:1', '{}']]))).toEqual([]);
  });
});

describe('staleAtBothLooks', () => {
  const stale = (key: string, cached: string, expected: string) => ({ key, cached, expected });

  test('counts a key that holds the same wrong value twice, even if its row has changed again', () => {
    expect(staleAtBothLooks([stale('a', '5', '4')], [stale('a', '5', '3')])).toEqual([stale('a', '5', '3')]);
  });

  test('does not count a key that was filled anew in between', () => {
    expect(staleAtBothLooks([stale('a', '5', '4')], [stale('a', '4', '3')])).toEqual([]);
  });

  test('does not count a key that was right or gone at the second look', () => {
    expect(staleAtBothLooks([stale('a', '5', '4')], [])).toEqual([]);
  });
});
