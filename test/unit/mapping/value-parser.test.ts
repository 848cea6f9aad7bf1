import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf } from '../../../src/mapping/positional-template.js';
import { valueParserOf } from '../../../src/mapping/value-parser.js';
import { valuesOfType } from './parsing-support.js';

describe('a text read as a value of a column', () => {
  test.each([
    ['int', '0', 0],
    ['int', '-17', -17],
    ['int', '4294967295', 4294967295],
    ['bigint', '9007199254740991', 9007199254740991],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['bigint', '18446744073709551615', '18446744073709551615'],
    ['bigint', '-9223372036854775808', '-9223372036854775808'],
    ['decimal', '1.10', '1.10'],
    ['decimal', '-0.05', '-0.05'],
    ['decimal', '-10', '-10'],
    ['decimal', '0.00', '0.00'],
    ['date', '2024-02-29', '2024-02-29'],
    ['datetime', '2024-05-31 23:59:58.120', '2024-05-31 23:59:58.120'],
    ['timestamp', '2024-05-31 00:00:00', '2024-05-31 00:00:00'],
    ['date', '0000-00-00', '0000-00-00'],
    ['date', '2024-02-31', '2024-02-31'],
    ['time', '-838:59:59', '-838:59:59'],
    ['time', '-00:00:00.001', '-00:00:00.001'],
    ['year', '0', 0],
    ['year', '1901', 1901],
    ['varchar', '', ''],
    ['enum', 'any: 😀', 'any: 😀'],
    ['varbinary', '', Buffer.alloc(0)],
    ['binary', 'AAH/', Buffer.from([0, 1, 255])],
  ])('%s: %j is one', (type, text, value) => {
    expect(valueParserOf(type).read(text)).toEqual(value);
  });

  test.each([
    ['int', '007'],
    ['int', '-0'],
    ['int', '+1'],
    ['int', '1.0'],
    ['int', '1e3'],
    ['int', ' 1'],
    ['int', '1\n'],
    ['int', ''],
    ['int', '٣'],
    ['tinyint', '256'],
    ['int', '4294967296'],
    ['bigint', '18446744073709551616'],
    ['bigint', '-9223372036854775809'],
    ['decimal', '01.10'],
    ['decimal', '.5'],
    ['decimal', '5.'],
    ['decimal', '-0.00'],
    ['decimal', '1e3'],
    ['date', '2024-5-31'],
    ['date', '2024-13-01'],
    ['date', '2024-05-32'],
    ['date', '2024-05-31 00:00:00'],
    ['datetime', '2024-05-31T23:59:58'],
    ['datetime', '2024-05-31'],
    ['datetime', '2024-05-31 24:00:00'],
    ['time', '1:00:00'],
    ['time', '839:00:00'],
    ['time', '012:00:00'],
    ['time', '-00:00:00'],
    ['year', '0000'],
    ['year', '1900'],
    ['year', '2156'],
    ['varbinary', 'AAH'],
    ['varbinary', 'AAE'],
    ['varbinary', 'AB=='],
    ['varbinary', 'A_H-'],
  ])('%s: %j is none, since MySQL prints no value so', (type, text) => {
    expect(valueParserOf(type).read(text)).toBeUndefined();
  });

  test.each(['float', 'double', 'json', 'bit', 'vector', 'geometry', 'a type of next year', undefined])(
    '%s: any text may be one, but it cannot be told which',
    (type) => {
      expect(valueParserOf(type)).toMatchObject({ tells: false, lengthMax: Infinity });
      expect(valueParserOf(type).read('1')).toBeNull();
    },
  );

  test.each(Object.entries(valuesOfType))(
    '%s: each value comes back from its own text, within the greatest length',
    (type, values) => {
      const parser = valueParserOf(type);
      fc.assert(
        fc.property(values, (value) => {
          expect(parser.read(textOf(value))).toEqual(value);
          expect(textOf(value).length).toBeLessThanOrEqual(parser.lengthMax);
        }),
      );
    },
  );

  test.each(Object.keys(valuesOfType))('%s: what is read has the very text that it was read from', (type) => {
    const near = fc.oneof(fc.stringMatching(/^-?[0-9]{0,22}(\.\d{0,3})?$/), fc.base64String(), fc.string());
    fc.assert(
      fc.property(near, (text) => {
        const value = valueParserOf(type).read(text) ?? null;
        if (value !== null) expect(textOf(value)).toBe(text);
      }),
    );
  });
});
