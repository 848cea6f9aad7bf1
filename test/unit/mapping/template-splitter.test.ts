import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DbRow } from '../../../src/domain/db-row.js';
import { createSlotParser } from '../../../src/mapping/slot-parser.js';
import { createSplitter } from '../../../src/mapping/template-splitter.js';
import { compilePositional } from '../../../src/mapping/positional-template.js';
import type { BoundTemplate } from '../../../src/mapping/bound-template.js';
import type { Types } from './parsing-support.js';
import { planOf } from './support.js';

function bound(key: string): BoundTemplate {
  const variant = planOf([{ key }]).templates[0]?.variants[0];
  if (variant === undefined) throw new Error('no variant');
  return variant.key;
}

function splitter(key: string, types: Types, waysMax = 16) {
  const template = bound(key);
  const slots = template.slots.map((slot) => createSlotParser(slot, types[slot.column]));
  return createSplitter({ template, slots, columns: Object.keys(types), waysMax });
}

const texts = { a: 'varchar', b: 'varchar' };

describe('splitting a text by a template', () => {
  test('gives all ways', () => {
    expect(splitter('{a}:{b}', texts).split('x:y:z')).toEqual([
      ['x', 'y:z'],
      ['x:y', 'z'],
    ]);
    expect(splitter('{a}{b}', texts).split('xy')).toEqual([
      ['', 'xy'],
      ['x', 'y'],
      ['xy', ''],
    ]);
  });

  test('gives none where a literal is missing, or overlaps another', () => {
    const { split } = splitter('p:{a}:x:{b}:p', texts);
    expect(['p:1:x:2:p', 'p::x::p'].map((text) => split(text)?.length)).toEqual([1, 1]);
    for (const text of ['p:1:y:2:p', 'p:x:2:p', 'p:1:x:p', 'p:1:x:2', '1:x:2:p', 'p:p', ''])
      expect(split(text)).toEqual([]);
  });

  test('wants one value wherever a column stands', () => {
    const { split } = splitter('{a}:{b}:{a}', texts);
    expect(split('x:y:x')).toEqual([['x', 'y']]);
    expect(split('x:y:z')).toEqual([]);
    expect(split('x:x:x:x')).toEqual([['x', 'x:x']]);
  });

  test('wants a value that one slot tells to fit the slots that do not', () => {
    const hashed = '{a|lower}:{a}:{a|sha1}';
    const { split } = splitter(hashed, { a: 'varchar' });
    const key = compilePositional(bound(hashed), ['a'])(['A:B']) ?? '';
    expect(split(key)).toEqual([['A:B']]);
    expect(split(key.replace('A:B', 'A:C'))).toEqual([]);
    expect(split(key.slice(0, -1) + (key.endsWith('0') ? '1' : '0'))).toEqual([]);
  });

  test('wants one text of slots that tell nothing but are the same', () => {
    const { split } = splitter('{a|lower}:{a|lower}', { a: 'varchar' });
    expect(split('x:x')).toEqual([[null]]);
    expect(split('x:y')).toEqual([]);
  });

  test('wants two ways of showing a column to agree', () => {
    const { split } = splitter('{a}/{a|url}', { a: 'varchar' });
    expect(split('x y/x%20y')).toEqual([['x y']]);
    expect(split('x y/x%20z')).toEqual([]);
  });

  test('gives what it can tell once, however many ways there are to what it cannot', () => {
    const { split } = splitter('{a|lower}:{b|lower}:{n}', { a: 'varchar', b: 'varchar', n: 'int' });
    expect(split('x:y:z:7')).toEqual([[null, null, 7]]);
  });

  test('looks for a number no further than numbers reach', () => {
    expect(splitter('{n}:{a}', { n: 'int', a: 'varchar' }).split('x:'.repeat(5000))).toEqual([]);
  });

  test('leaves values that are known as they are', () => {
    expect(splitter('{a}:{b}', texts).split('x:y:z', ['x:y', null])).toEqual([['x:y', 'z']]);
    expect(splitter('{a}:{b}', texts).split('x:y:z', ['y', null])).toEqual([]);
  });

  test('gives up beyond the greatest number of ways', () => {
    const { split } = splitter('{a}:{b}', texts);
    expect(split(':'.repeat(16))?.length).toBe(16);
    expect(split(':'.repeat(17))).toBeUndefined();
  });

  test('finds the ways that trying all cuts finds', () => {
    const template = fc
      .array(fc.constantFrom('{a}', '{b}', '{n}', '{a|lower}', '{b|url}', ':', '1', 'a:', '%'), {
        minLength: 1,
        maxLength: 7,
      })
      .map((parts) => parts.join(''));
    const text = fc
      .array(fc.constantFrom(':', '1', 'a', 'A', '%3A', '10'), { maxLength: 7 })
      .map((parts) => parts.join(''));
    const types = { a: 'varchar', b: 'varchar', n: 'int' };
    fc.assert(
      fc.property(template, fc.array(text, { minLength: 1 }), (key, list) => {
        const { split } = splitter(key, types, Infinity);
        for (const each of list) expect(sorted(split(each))).toEqual(sorted(allCuts(key, types, each)));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['separators alone', '{a}:{b}:{c}:{d}', ':'.repeat(100_000)],
    ['separators before numbers', '{a}:{n}:{b}:{n}:{m}', 'x:'.repeat(50_000)],
    ['a literal that comes only at the end', '{a}:{n}#{b}', `${':'.repeat(100_000)}#`],
    ['slots side by side', '{a}{b}{n}{m}{c|lower}{d|sha1}', '1'.repeat(100_000)],
    ['values that have to come again', '{a}:{b}:{a}:{c}:{b}', 'x:'.repeat(50_000)],
    ['text to be decoded', '{a|url}:{b|url}:{n}', '%3A:'.repeat(25_000)],
    ['values to be hashed', '{a}:{b}:{a|sha256}', 'x:'.repeat(50_000)],
    ['text to be read as base64', '{e}:{f}:{n}', 'AAAA:'.repeat(20_000)],
  ])('ends soon on a text of 100 KB: %s', (_, key, text) => {
    const types = {
      a: 'varchar',
      b: 'varchar',
      c: 'text',
      d: 'text',
      n: 'int',
      m: 'bigint',
      e: 'blob',
      f: 'blob',
    };
    const { split } = splitter(key, types);
    const startedAtMs = performance.now();
    split(text);
    expect(performance.now() - startedAtMs).toBeLessThan(1000); // without a bound it takes minutes
  });
});

const sorted = (ways: readonly DbRow[] | undefined): string[] | undefined =>
  ways && [...new Set(ways.map((way) => JSON.stringify(way)))].sort();

/** The same by brute force: every cut of the text into the slots' texts. */
function allCuts(key: string, types: Types, text: string): DbRow[] {
  const template = bound(key);
  const columns = Object.keys(types);
  const ways: DbRow[] = [];
  const cut = (index: number, from: number, shown: readonly string[]): void => {
    const slot = template.slots[index];
    if (slot === undefined) {
      if (from === text.length) ways.push(...fitting(template, columns, types, shown));
      return;
    }
    for (let to = from; to <= text.length; to++)
      if (text.startsWith(slot.after, to))
        cut(index + 1, to + slot.after.length, [...shown, text.slice(from, to)]);
  };
  if (text.startsWith(template.start)) cut(0, template.start.length, []);
  return ways;
}

/** The values that these texts show, if they agree. */
function fitting(
  { slots }: BoundTemplate,
  columns: readonly string[],
  types: Types,
  shown: readonly string[],
): DbRow[] {
  const parsers = slots.map((slot) => createSlotParser(slot, types[slot.column]));
  const readings = parsers.map((parser, index) => parser.read(shown[index] ?? ''));
  if (readings.includes(undefined)) return [];
  const values = columns.map(
    (column) => readings.find((value, index) => slots[index]?.column === column && value !== null) ?? null,
  );
  const agree = parsers.every((parser, index) => {
    const value = values[columns.indexOf(parser.column)] ?? null;
    if (value !== null) return parser.write(value) === shown[index];
    return parsers.every((other, at) => other.chain !== parser.chain || shown[at] === shown[index]);
  });
  return agree ? [values] : [];
}
