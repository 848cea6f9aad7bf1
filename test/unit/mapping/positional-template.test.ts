import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DbRow } from '../../../src/domain/db-row.js';
import { UnstaleError } from '../../../src/errors.js';
import { render, type BoundTemplate } from '../../../src/mapping/bound-template.js';
import { compilePositional } from '../../../src/mapping/positional-template.js';
import { imageOf, partsOf, typedRow, written } from './parsing-support.js';
import { planOf } from './support.js';

function bound(key: string): BoundTemplate {
  const variant = planOf([{ key }]).templates[0]?.variants[0];
  if (variant === undefined) throw new Error('no variant');
  return variant.key;
}

const filled = (key: string, columns: readonly string[], row: DbRow): string | undefined =>
  compilePositional(bound(key), columns)(row);

describe('a template filled in from a row of SELECT', () => {
  test('reads each column where it stands in the row, and none else', () => {
    expect(filled('p:{sku|lower}:{id}!', ['id', 'other', 'sku'], [7, 'x', 'AB'])).toBe('p:ab:7!');
  });

  test('is undefined where a column is NULL, or a filter cannot work on the value', () => {
    expect(filled('p:{id}', ['id', 'other'], [null, 1])).toBeUndefined();
    expect(filled('p:{id}', ['id', 'other'], [1, null])).toBe('p:1');
    expect(filled('p:{at|date(YYYY)}', ['at'], ['never'])).toBeUndefined();
  });

  test('refuses columns that lack one of its own', () => {
    expect(() => compilePositional(bound('p:{id}'), ['sku'])).toThrow('lack the column id');
  });

  test("has the text that the row's message makes, whatever the types and filters", () => {
    const cases = typedRow.chain((row) =>
      fc.record({ row: fc.constant(row), parts: partsOf(row.types), nulled: fc.option(fc.nat(3)) }),
    );
    fc.assert(
      fc.property(cases, ({ row: { columns, values }, parts, nulled }) => {
        const row = values.map((value, index) => (index === nulled ? null : value));
        const template = bound(`k${written(parts)}`);
        expect(compilePositional(template, columns)(row)).toBe(
          readable(() => render(template, imageOf(columns, row))),
        );
      }),
    );
  });
});

/** Where `render` says that it cannot read the image, there is no key. */
function readable(make: () => string | undefined): string | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof UnstaleError) return undefined;
    throw error;
  }
}
