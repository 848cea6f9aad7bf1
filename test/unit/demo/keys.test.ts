import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf, thingOf, type Thing } from '../../../infra/demo/shop/keys.js';

const things: fc.Arbitrary<Thing> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('product' as const, 'stock' as const, 'category' as const),
    id: fc.nat(),
  }),
  fc.record({ kind: fc.constant('sku' as const), sku: fc.stringMatching(/^(SKU|PROBE)-\d{1,6}$/) }),
);

describe('the shop’s keys', () => {
  test('each key tells its thing again', () => {
    fc.assert(
      fc.property(things, (thing) => {
        expect(thingOf(keyOf(thing))).toEqual(thing);
      }),
    );
  });

  test.each(['product:', 'product:x', 'session:1', 'category:1', 'product:1:stock:old'])(
    '%s is none of them',
    (key) => {
      expect(thingOf(key)).toBeUndefined();
    },
  );
});
