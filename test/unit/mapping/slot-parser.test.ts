import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFilter } from '../../../src/mapping/filters.js';
import { createSlotParser, type SlotParser } from '../../../src/mapping/slot-parser.js';
import { slotOf, typedRow } from './parsing-support.js';

/** @param chain like `lower|date(YYYY)` */
function slotParser(chain: string, type: string | undefined): SlotParser {
  const filters = chain.split('|').flatMap((written) => {
    const [, name = '', argument] = /^(\w+)(?:\((.*)\))?$/.exec(written) ?? [];
    return createFilter(name, argument) ?? [];
  });
  return createSlotParser({ column: 'a', filters, after: '' }, type);
}

describe('the text of a slot', () => {
  test.each([
    ['', 'int', '7', 7],
    ['url', 'varchar', 'a%20b%2F%C3%BC', 'a b/ü'],
    ['url', 'datetime', '2024-05-31%2023%3A59%3A58', '2024-05-31 23:59:58'],
    ['url', 'varbinary', 'AAH%2F', Buffer.from([0, 1, 255])],
    ['url|url', 'varchar', '%2525', '%'],
  ])('through %j of %s: %j tells the value', (chain, type, text, value) => {
    expect(slotParser(chain, type).read(text)).toEqual(value);
  });

  test.each([
    ['lower', 'varchar', 'äb-1 ß'],
    ['upper', 'varchar', 'ÄB-1'],
    ['trim', 'varchar', 'a b'],
    ['md5', 'varchar', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha1', 'int', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', 'varchar', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['date(YYYY-MM)', 'date', '2024-05'],
    ['date([MM] YYYYDD)', 'datetime', '[05] 202431'],
    ['lower|url', 'varchar', 'a%20b'],
    ['sha1|upper', 'varchar', 'A9993E364706816ABA3E25717850C26C9CD0D89D'],
  ])('through %s of %s: %j is possible, but tells no value', (chain, type, text) => {
    expect(slotParser(chain, type).read(text)).toBeNull();
  });

  test.each([
    ['url', 'varchar', 'a b'],
    ['url', 'varchar', '%2f'],
    ['url', 'varchar', '%41'],
    ['url', 'varchar', '%'],
    ['url', 'varchar', '%FF'],
    ['url', 'varchar', '\ud800'],
    ['url', 'int', '%37'],
    ['url', 'int', 'x'],
    ['lower', 'varchar', 'aB'],
    ['upper', 'varchar', 'aB'],
    ['trim', 'varchar', 'a '],
    ['md5', 'varchar', '900150983CD24FB0D6963F7D28E17F72'],
    ['md5', 'varchar', '900150983cd24fb0d6963f7d28e17f7'],
    ['sha1', 'int', '7'],
    ['sha256', 'varchar', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['date(YYYY-MM)', 'date', '2024-05-31'],
    ['date(YYYY-MM)', 'date', '2024/05'],
    ['date(YYYY-MM)', 'date', '2024-5x'],
    ['date(YYYY YYYY)', 'date', '2024 2023'],
    ['lower|url', 'varchar', 'a%20B'],
  ])('through %s of %s: %j is impossible', (chain, type, text) => {
    expect(slotParser(chain, type).read(text)).toBeUndefined();
  });

  test.each([
    ['', 'int', undefined],
    ['url', 'varchar', undefined],
    ['url|sha1', 'varchar', 'sha1 cannot be turned back'],
    ['date(YYYY-MM)', 'date', 'date(YYYY-MM) cannot be turned back'],
    ['', 'double', 'column a is DOUBLE, which has no one text'],
    ['', undefined, 'there is no column a'],
  ])('through %j of %s: why its value is not told', (chain, type, why) => {
    expect(slotParser(chain, type).untoldBecause).toBe(why);
  });

  test('made of any value is possible, no longer than the greatest length, and tells no other value', () => {
    const cases = typedRow.chain((row) =>
      fc.record({ row: fc.constant(row), slot: slotOf(row.types, { filtered: true }) }),
    );
    fc.assert(
      fc.property(cases, ({ row: { columns, types, values }, slot }) => {
        const value = values[columns.indexOf(slot.column)] ?? '';
        const parser = slotParser(slot.filters.join('|'), types[slot.column]);
        const text = parser.write(value);
        fc.pre(text !== undefined);
        expect(text.length).toBeLessThanOrEqual(parser.lengthMax);
        expect(parser.read(text)).toEqual(parser.untoldBecause === undefined ? value : null);
      }),
      { numRuns: 500 },
    );
  });
});
