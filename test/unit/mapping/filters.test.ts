import { describe, expect, test } from 'vitest';
import { applyAll, createFilter } from '../../../src/mapping/filters.js';

const filter = (name: string, argument?: string) => {
  const found = createFilter(name, argument);
  if (found === undefined) throw new Error(`no filter ${name}`);
  return found;
};

describe('filters', () => {
  test.each([
    ['lower', 'ÄB-1', 'äb-1'],
    ['upper', 'äb-1', 'ÄB-1'],
    ['trim', ' \ta b\n', 'a b'],
    ['md5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
    ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['md5', 'ü', 'c03410a5204b21cd8229ff754688d743'],
    ['url', 'a b/ü&{x}', 'a%20b%2F%C3%BC%26%7Bx%7D'],
  ])('%s of %j', (name, value, expected) => {
    expect(filter(name).apply(value)).toBe(expected);
  });

  test.each([
    ['YYYY-MM-DD', '2024-05-31 23:59:58.123456', '2024-05-31'],
    ['HH:mm:ss', '2024-05-31 23:59:58', '23:59:58'],
    ['YYYYMMDDHH', '2024-05-31', '2024053100'],
    ['[MM] YYYY', '0000-00-00', '[00] 0000'],
  ])('date(%s) rearranges the digits of %s without a time zone', (format, value, expected) => {
    expect(filter('date', format).apply(value)).toBe(expected);
  });

  test.each(['', 'yesterday', '2024-5-31', '23:59:58', '2024-05-31T23:59:58Z'])(
    'date refuses %j',
    (value) => {
      expect(filter('date', 'YYYY').apply(value)).toBeUndefined();
    },
  );

  test('url refuses half a surrogate pair, which has no UTF-8', () => {
    expect(filter('url').apply('\ud800')).toBeUndefined();
  });

  test('filters apply from left to right, and one that cannot work ends the chain', () => {
    expect(applyAll([filter('trim'), filter('upper')], ' a ')).toBe('A');
    expect(applyAll([filter('date', 'YYYY'), filter('sha1')], 'a')).toBeUndefined();
  });
});
