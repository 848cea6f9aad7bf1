import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLiteralIndex } from '../../../src/mapping/literal-index.js';

const short = fc
  .array(fc.constantFrom('a', 'b', ':', '\u{10000}', '\uffff'), { maxLength: 4 })
  .map((units) => units.join(''));

describe('an index by literal start and end', () => {
  test('finds what a look at each item finds, and the longest start', () => {
    const items = fc.array(fc.record({ start: short, end: short }), { maxLength: 12 });
    const texts = fc.array(
      fc.array(short, { maxLength: 3 }).map((parts) => parts.join('')),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(items, texts, (all, list) => {
        const index = createLiteralIndex(all);
        for (const text of list) {
          const beginning = all.filter(({ start }) => text.startsWith(start));
          const found = index.lookUp(text);
          expect(new Set(found.items)).toEqual(new Set(beginning.filter(({ end }) => text.endsWith(end))));
          expect(found.items.length).toBe(new Set(found.items).size);
          expect(found.start?.length).toBe(
            beginning.length === 0 ? undefined : Math.max(...beginning.map(({ start }) => start.length)),
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
