import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Target } from '../../../src/domain/cache-key.js';
import { UnstaleError } from '../../../src/errors.js';
import { createKeyParser, type Explanation, type KeyParser } from '../../../src/mapping/key-parser.js';
import { compilePositional } from '../../../src/mapping/positional-template.js';
import type { KeyMapping } from '../../../src/mapping/table-mapping.js';
import {
  imageOf,
  partsOf,
  planned,
  schemaOf,
  slotOf,
  text,
  typedRow,
  written,
  type Part,
  type TypedRow,
} from './parsing-support.js';
import { exactly, insert } from './support.js';

/** Key templates of any parts, some of them hashes with a field of one slot. */
const mappingsFor = ({ types }: TypedRow): fc.Arbitrary<KeyMapping[]> => {
  const field = slotOf(types, { filtered: true }).map((slot) => written([slot, { literal: ':' }]));
  const key = fc.record({ parts: partsOf(types), field: fc.option(field, { nil: undefined, freq: 3 }) });
  return fc.array(
    key.map(({ parts, field: ofHash }) => ({ key: `k${written(parts)}`, field: ofHash })),
    { minLength: 1, maxLength: 4 },
  );
};
const worlds = typedRow.chain((row) => fc.record({ row: fc.constant(row), mappings: mappingsFor(row) }));

function worldOf(mappings: readonly KeyMapping[], { types, columns, values }: TypedRow) {
  const tables = planned([exactly(mappings)], [schemaOf(types)]);
  return { parser: createKeyParser(tables), targets: targetsOf(tables[0], imageOf(columns, values)) };
}

/** None of a row that has a date which a date filter cannot read. */
function targetsOf(
  table: ReturnType<typeof planned>[number] | undefined,
  image: ReturnType<typeof imageOf>,
): Target[] {
  try {
    return table?.plan.targetsOf(insert(image)) ?? [];
  } catch (error) {
    if (error instanceof UnstaleError) return [];
    throw error;
  }
}

/** Explanations of key or field, or undefined where they are outside. */
function explanationsOf(parser: KeyParser, { key, field }: Target): readonly Explanation[] | undefined {
  const trace = parser.trace(key);
  if (trace.kind === 'outside') return undefined;
  if (trace.kind === 'hash' && field !== undefined) return parser.traceField(key, field);
  return trace.kind === 'rows' ? trace.explanations : [];
}

function rendered({ ref, columns, values }: Explanation): Target {
  const { key, field } = ref.variant;
  return {
    key: compilePositional(key, columns)(values) as Target['key'],
    ...(field === undefined ? {} : { field: compilePositional(field, columns)(values) ?? '' }),
  };
}

const shows = ({ columns, values }: Explanation, row: TypedRow): boolean =>
  columns.every((column, index) => same(values[index], row.values[row.columns.indexOf(column)]));

const same = (one: unknown, other: unknown): boolean =>
  Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other;

describe('tracing keys back to rows', () => {
  test('finds the row that made the key, or says that the key is outside', () => {
    let inside = 0;
    fc.assert(
      fc.property(worlds, ({ row, mappings }) => {
        const { parser, targets } = worldOf(mappings, row);
        for (const target of targets) {
          const explanations = explanationsOf(parser, target);
          if (explanations === undefined) continue;
          inside++;
          expect(explanations.some((explanation) => shows(explanation, row))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
    expect(inside).toBeGreaterThan(200);
  });

  test('explains a key only by rows that make exactly this key', () => {
    const near = fc.record({ insertion: text, cut: fc.nat(12), at: fc.nat(12) });
    let explained = 0;
    fc.assert(
      fc.property(worlds, fc.array(near, { minLength: 1, maxLength: 4 }), ({ row, mappings }, edits) => {
        const { parser, targets } = worldOf(mappings, row);
        const edited = targets.flatMap((target) =>
          edits.map(({ at, cut, insertion }) => ({
            ...target,
            key: (target.key.slice(0, at) + insertion + target.key.slice(at + cut)) as Target['key'],
          })),
        );
        for (const target of [...targets, ...edited])
          for (const explanation of explanationsOf(parser, target) ?? []) {
            explained++;
            expect(explanation.values).not.toContain(null);
            expect(explanation.values).toHaveLength(explanation.columns.length);
            expect(rendered(explanation)).toEqual(
              explanation.ref.variant.field === undefined ? { key: target.key } : target,
            );
          }
      }),
      { numRuns: 500 },
    );
    expect(explained).toBeGreaterThan(200);
  });

  test('finds that row and no other where values do not hold what stands between them', () => {
    const tellable = typedRow.chain((row) =>
      fc.record({
        row: fc.constant(row),
        parts: fc
          .array(slotOf(row.types, { filtered: false }), { minLength: 1, maxLength: 5 })
          .map((slots) => slots.flatMap((slot): Part[] => [{ literal: '\u0000' }, slot])),
        field: fc.option(
          slotOf(row.types, { filtered: false }).map((slot) => written([slot])),
          { nil: undefined },
        ),
      }),
    );
    fc.assert(
      fc.property(tellable, ({ row, parts, field }) => {
        fc.pre(!row.values.some((value) => typeof value === 'string' && value.includes('\u0000')));
        const { parser, targets } = worldOf([{ key: `k${written(parts)}`, field }], row);
        const found = targets.map((target) => explanationsOf(parser, target));
        expect(found.map((each) => each?.length)).toEqual([1]);
        expect(found[0]?.every((explanation) => shows(explanation, row))).toBe(true);
      }),
    );
  });

  test('says the same of a key with many templates as with each alone', () => {
    fc.assert(
      fc.property(worlds, ({ row, mappings }) => {
        const { parser, targets } = worldOf(mappings, row);
        const alone = mappings.map((mapping) => worldOf([mapping], row).parser);
        for (const { key } of targets) {
          const kinds = new Set(alone.map((each) => each.trace(key).kind));
          const expected =
            kinds.has('outside') || (kinds.has('rows') && kinds.has('hash'))
              ? 'outside'
              : kinds.has('rows')
                ? 'rows'
                : 'hash';
          expect(parser.trace(key).kind).toBe(expected);
        }
      }),
    );
  });
});
