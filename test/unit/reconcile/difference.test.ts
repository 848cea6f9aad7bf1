import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Part, differenceOf, withGaps } from '../../../src/reconcile/difference.js';

const textOf = (parts: readonly Part[]): string => parts.map(({ text }) => text).join('');
const commonOf = (parts: readonly Part[]): string =>
  parts.map(({ text, differs }) => (differs ? '' : text)).join('');
const marked = (one: string, other: string) =>
  differenceOf(one, other).map((parts) =>
    parts.map(({ text, differs }) => (differs ? `[${text}]` : text)).join(''),
  );

/** Texts that have much in common. */
const similar = fc.array(fc.constantFrom('a', 'b ', '1.1', '1.10', '"', ',', '\n', '\u{1f600}', '\ud800'), {
  maxLength: 30,
});

describe('the difference of two values', () => {
  test('loses nothing, and calls common only what both have', () => {
    fc.assert(
      fc.property(similar, similar, (a, b) => {
        const [one, other] = [a.join(''), b.join('')];
        const [inOne, inOther] = differenceOf(one, other);
        expect(textOf(inOne)).toBe(one);
        expect(textOf(inOther)).toBe(other);
        expect(commonOf(inOne)).toBe(commonOf(inOther));
      }),
    );
  });

  test('is there whenever the values are not the same, and only then', () => {
    fc.assert(
      fc.property(similar, similar, (a, b) => {
        const [one, other] = [a.join(''), b.join('')];
        const found = differenceOf(one, other).some((parts) => parts.some(({ differs }) => differs));
        expect(found).toBe(one !== other);
      }),
    );
  });

  test('takes numbers and words as wholes, and finds several places', () => {
    expect(marked('{"a":1.10,"b":2,"c":3}', '{"a":1.1,"b":2,"c":4}')).toEqual([
      '{"a":[1.10],"b":2,"c":[3]}',
      '{"a":[1.1],"b":2,"c":[4]}',
    ]);
  });

  test('of large values is bounded: all between the first and the last place counts as different', () => {
    const long = (first: string, last: string) => `same ${first} ${'x y '.repeat(2_000)}${last} end`;
    const [one] = differenceOf(long('1', '2'), long('3', '4'));
    expect(one.map(({ differs }) => differs)).toEqual([false, true, false]);
    expect(commonOf(one)).toBe('same  end');
  });

  test('keeps with gaps all that differs, and counts what is left out', () => {
    fc.assert(
      fc.property(similar, similar, fc.nat(3), (a, b, context) => {
        const [parts] = differenceOf(a.join(''), b.join(''));
        const pieces = withGaps(parts, context);
        const kept = pieces.filter((piece) => 'text' in piece);
        expect(kept.filter(({ differs }) => differs)).toEqual(parts.filter(({ differs }) => differs));
        const leftOut = pieces.reduce((sum, piece) => sum + ('leftOut' in piece ? piece.leftOut : 0), 0);
        expect(leftOut + Array.from(textOf(kept)).length).toBe(Array.from(textOf(parts)).length);
      }),
    );
  });
});
