import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DbValue } from '../../../src/domain/db-row.js';
import { asString, comparerOf, inHash, inJson } from './support.js';

const runs = { numRuns: 500 };

/** Up to 65 digits, as MySQL prints a DECIMAL. */
const decimal = fc
  .record({
    negative: fc.boolean(),
    whole: fc.stringMatching(/^(0|[1-9]\d{0,34})$/),
    fraction: fc.stringMatching(/^\d{0,30}$/),
  })
  .map(({ negative, whole, fraction }) => {
    const isZero = /^[0.]*$/.test(whole + fraction);
    return `${negative && !isZero ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  });

const splitOf = (text: string): { sign: string; whole: string; fraction: string } => {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(text) ?? [];
  return { sign, whole, fraction };
};

/** The same number with its point moved by `shift`, and an exponent that moves it back. */
function shifted(text: string, shift: number): string {
  const { sign, whole, fraction } = splitOf(text);
  const place = Math.max(whole.length + shift, 0);
  const digits = (whole + fraction).padStart(
    whole.length + fraction.length + Math.max(-shift - whole.length, 0),
    '0',
  );
  const padded = digits.padEnd(place, '0');
  const front = padded.slice(0, place).replace(/^0+(?=\d)/, '') || '0';
  const back = padded.slice(place);
  return `${sign}${front}${back === '' ? '' : `.${back}`}e${-shift}`;
}

describe('any decimal', () => {
  test('equals itself in whatever form it is written', () => {
    fc.assert(
      fc.property(decimal, fc.nat(5), fc.integer({ min: -40, max: 40 }), (row, zeros, shift) => {
        const { sign, whole, fraction } = splitOf(row);
        const longer = `${row}${fraction === '' ? '.' : ''}${'0'.repeat(zeros)}`;
        const led = `${sign || '+'}${'0'.repeat(zeros)}${whole}.${fraction}`;
        for (const held of [row, longer, led, shifted(row, shift)]) {
          expect(asString('decimal', held, row)).toBe('equal');
          expect(inHash('decimal', held, row)).toBe('equal');
          expect(inJson('decimal', JSON.stringify(held), row)).toBe('equal');
        }
        expect(inJson('decimal', row, row)).toBe('equal');
        expect(inJson('decimal', shifted(row, shift), row)).toBe('equal');
      }),
      runs,
    );
  });

  test('with one digit changed is another, in text and in JSON', () => {
    fc.assert(
      fc.property(decimal, fc.nat(), fc.integer({ min: 1, max: 9 }), (row, at, by) => {
        const places = row.split('').flatMap((character, index) => (/\d/.test(character) ? [index] : []));
        const place = places[at % places.length] ?? 0;
        const held = row.slice(0, place) + String((Number(row[place]) + by) % 10) + row.slice(place + 1);
        expect(asString('decimal', held, row)).toBe('stale');
        expect(inJson('decimal', JSON.stringify(held), row)).toBe('stale');
        if (/^-?(0|[1-9])/.test(held) && !/^-?0\d/.test(held))
          expect(inJson('decimal', held, row)).toBe('stale');
      }),
      runs,
    );
  });
});

test('an integer equals no other, however near, whatever its size', () => {
  const near = fc.tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), fc.bigInt({ min: -2n, max: 2n }));
  fc.assert(
    fc.property(near, ([number, by]) => {
      const row = Number.isSafeInteger(Number(number)) ? Number(number) : String(number);
      const verdict = by === 0n ? 'equal' : 'stale';
      expect(asString('bigint', String(number + by), row)).toBe(verdict);
      expect(inJson('bigint', String(number + by), row)).toBe(verdict);
    }),
    runs,
  );
});

describe('any JSON document', () => {
  const document = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });

  const shuffled = (value: unknown, seed: number): string => {
    if (Array.isArray(value)) return `[${value.map((each) => shuffled(each, seed)).join(', ')}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const entries = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)} :${shuffled(v, seed)}`);
    const turn = entries.length === 0 ? 0 : seed % entries.length;
    return `{${[...entries.slice(turn), ...entries.slice(0, turn)].reverse().join()}}`;
  };

  test('equals itself with its keys in another order, as a document and as its text', () => {
    fc.assert(
      fc.property(document, fc.nat(), (value, seed) => {
        const [row, held] = [JSON.stringify(value), shuffled(value, seed)];
        expect(asString('json', held, row)).toBe('equal');
        expect(inJson('json', held, row)).toBe('equal');
        expect(asString('json', JSON.stringify(held), row)).toBe('equal');
      }),
      runs,
    );
  });

  test('equals no document that differs', () => {
    const alike = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(alike, alike, (one, other) => {
        const [row, held] = [JSON.stringify(one), JSON.stringify(other)];
        // A document that is a string may be the text of the other one.
        fc.pre(typeof other !== 'string');
        const same = isDeepStrictEqual(JSON.parse(row), JSON.parse(held));
        expect(asString('json', held, row)).toBe(same ? 'equal' : 'stale');
        expect(inJson('json', held, row)).toBe(same ? 'equal' : 'stale');
      }),
      runs,
    );
  });

  test('yields a value under each path that it has', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z_]{1,9}$/), { minLength: 1, maxLength: 5 }),
        fc.integer(),
        (steps, n) => {
          const held = steps.reduceRight<string>(
            (inner, step) => `{"x":[],${JSON.stringify(step)}:${inner}}`,
            String(n),
          );
          const path = steps.join('.');
          const comparer = comparerOf({ kind: 'json', columns: { [path]: 'c' } }, { c: 'int' });
          expect(comparer.compareText(held, [n])).toBeUndefined();
          expect(comparer.compareText(held, [n + 1])?.kind).toBe('stale');
        },
      ),
      runs,
    );
  });
});

test('any instant equals itself at any offset and as a number, and no other', () => {
  const ms = fc.integer({ min: Date.UTC(1000, 0, 2), max: Date.UTC(9999, 11, 30) });
  const sql = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 23);
  fc.assert(
    fc.property(
      ms,
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      fc.integer({ min: 1, max: 9e9 }),
      (at, offset, by) => {
        const size = Math.abs(offset);
        const zone = `${offset < 0 ? '-' : '+'}${[Math.floor(size / 60), size % 60].map((n) => String(n).padStart(2, '0')).join(':')}`;
        const local = sql(at + offset * 60_000);
        for (const held of [
          new Date(at).toISOString(),
          `${local}${zone}`,
          `${local.replace(' ', 'T')}00${zone}`,
          String(at),
          `${at}000`,
        ]) {
          expect(asString('datetime', held, sql(at))).toBe('equal');
          expect(asString('datetime', held, sql(at - by))).toBe('stale');
        }
        expect(inJson('datetime', String(at), sql(at))).toBe('equal');
      },
    ),
    runs,
  );
});

test('any bytes equal themselves in each encoding, and no others of their length', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (values, at, by) => {
      const row = Buffer.from(values);
      const other = Buffer.from(values);
      other[at % other.length] = (other[at % other.length] ?? 0) ^ by;
      for (const encoding of ['base64', 'base64url', 'hex'] as const) {
        expect(asString('blob', row.toString(encoding), row)).toBe('equal');
        expect(asString('blob', other.toString(encoding), row)).not.toBe('equal');
      }
      expect(inJson('blob', JSON.stringify(row), row)).toBe('equal');
      expect(inJson('blob', JSON.stringify(other), row)).toBe('stale');
    }),
    runs,
  );
});

test('nothing that a cache can hold makes a comparer throw', () => {
  const rows: readonly (readonly [string, DbValue])[] = [
    ['int', 42],
    ['bigint', '18446744073709551615'],
    ['tinyint', 1],
    ['decimal', '1.10'],
    ['float', 0.1],
    ['double', 1e300],
    ['bit', Buffer.from([1])],
    ['date', '2024-05-31'],
    ['datetime', '0000-00-00 00:00:00'],
    ['time', '-838:59:59'],
    ['varchar', 'x'],
    ['json', '{"a": [1]}'],
    ['blob', Buffer.from([255])],
    ['blob', Buffer.alloc(0)],
  ];
  const piece = fc.constantFrom(
    ...'0123456789eE+-.:TZ {}[]",\\/null_'.split(''),
    '__proto__',
    'true',
    '0000000000000000',
  );
  const held = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)), maxLength: 20 }),
    fc.array(piece, { maxLength: 30 }).map((all) => all.join('')),
    fc.json(),
    fc.json().map((text) => JSON.stringify(text)),
  );
  fc.assert(
    fc.property(held, fc.constantFrom(...rows), fc.boolean(), (text, [type, value], isNull) => {
      const row = isNull ? null : value;
      for (const verdict of [asString(type, text, row), inHash(type, text, row), inJson(type, text, row)])
        expect(['equal', 'stale', 'unparseable']).toContain(verdict);
      const document = comparerOf({ kind: 'json', columns: { 'a.__proto__.0': 'c' } }, { c: type });
      expect(() => document.compareText(text, [row])).not.toThrow();
    }),
    { numRuns: 3000 },
  );
});

test('a long text of digits and zeros takes no longer than its length', () => {
  const startedAt = performance.now();
  for (const held of [
    `${'0'.repeat(200_000)}x`,
    '1'.repeat(200_000) + 'x',
    `1${'0'.repeat(200_000)}1`,
    `1e${'9'.repeat(200_000)}`,
  ]) {
    expect(asString('decimal', held, '1.10')).not.toBe('equal');
    expect(inJson('decimal', `"${held}"`, '1.10')).not.toBe('equal');
    expect(asString('datetime', `2024-05-31 12:00:00.${held}`, '2024-05-31 12:00:00')).not.toBe('equal');
  }
  expect(performance.now() - startedAt).toBeLessThan(5000); // squared it would be minutes
});
