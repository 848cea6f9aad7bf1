import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { insert, planOf, update } from './support.js';

/** Text that means something to templates, to Redis patterns, to shells, or to nobody; up to 1 KB. */
const hostile = fc.oneof(
  fc.constantFrom(
    '{id}',
    '{{',
    '}}',
    '{',
    '}',
    '*',
    '?',
    '[a-z]',
    '\\*',
    'a:b',
    '\n',
    '\0',
    ' ',
    '',
    '{$db}',
    '`',
    '|',
    '$&',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('😀', 'ü', 'x'.repeat(1024)),
  fc
    .array(fc.constantFrom('{', '}', 'id', '|', 'lower', '*', ':', '$', '😀'), { maxLength: 12 })
    .map((list) => list.join('')),
);
const columnName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((name) => name !== '__proto__');
const part = fc.oneof(fc.record({ literal: hostile }), fc.record({ column: columnName }));

type Part = { literal: string } | { column: string };

const written = (parts: readonly Part[]): string =>
  parts
    .map((piece) =>
      'literal' in piece
        ? piece.literal.replaceAll('{', '{{').replaceAll('}', '}}')
        : `{\`${piece.column.replaceAll('`', '``')}\`}`,
    )
    .join('');

const columnsOf = (parts: readonly Part[]): string[] =>
  parts.flatMap((piece) => ('column' in piece ? [piece.column] : []));

const filled = (parts: readonly Part[], values: ReadonlyMap<string, string>): string =>
  parts.map((piece) => ('literal' in piece ? piece.literal : values.get(piece.column))).join('');

/** A template, and rows for it. */
const templateAndRows = fc.array(part, { minLength: 1, maxLength: 6 }).chain((parts) => {
  const columns = [...new Set(columnsOf(parts))];
  const row = fc
    .tuple(...columns.map(() => hostile))
    .map((values) => new Map(columns.map((name, i) => [name, values[i] ?? ''])));
  return fc.record({ parts: fc.constant(parts), before: row, after: row });
});

describe('any template with any values', () => {
  test('yields its literals and the values as they are, in key and field alike', () => {
    fc.assert(
      fc.property(templateAndRows, ({ parts, before }) => {
        const plan = planOf([{ key: `k${written(parts)}`, field: written(parts) }]);
        const text = filled(parts, before);
        expect(plan.targetsOf(insert(Object.fromEntries(before)))).toEqual([
          { key: `k${text}`, field: text },
        ]);
        expect([...plan.columns].sort()).toEqual([...before.keys()].sort());
      }),
    );
  });

  test('yields on an update the keys of both images and no others', () => {
    fc.assert(
      fc.property(templateAndRows, ({ parts, before, after }) => {
        const plan = planOf([{ key: `k${written(parts)}` }]);
        const targets = plan.targetsOf(update(Object.fromEntries(before), Object.fromEntries(after)));
        expect(new Set(targets.map(({ key }) => String(key)))).toEqual(
          new Set([before, after].map((row) => `k${filled(parts, row)}`)),
        );
      }),
    );
  });

  test('yields nothing for an image with NULL in one of its columns', () => {
    fc.assert(
      fc.property(templateAndRows, fc.nat(), ({ parts, before }, chosen) => {
        const columns = [...before.keys()];
        fc.pre(columns.length > 0);
        const image = { ...Object.fromEntries(before), [columns[chosen % columns.length] ?? '']: null };
        expect(planOf([{ key: `k${written(parts)}` }]).targetsOf(insert(image))).toEqual([]);
      }),
    );
  });
});
