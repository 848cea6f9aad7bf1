import { describe, expect, test } from 'vitest';
import { asString, inHash, inJson } from './support.js';

const BIG = '9007199254740993'; // 2^53 + 1, which no double holds

describe('integers', () => {
  test.each(['42', '42.0', '+42', '042', '4.2e1', '4.2E+1', '420e-1', '42.', '0.42e2', '"42"'])(
    'the text %s equals 42',
    (held) => {
      expect(asString('int', held, 42)).toBe('equal');
    },
  );

  test.each(['smallint', 'mediumint', 'int', 'bigint', 'year', 'tinyint'])('a %s is one', (type) => {
    expect(asString(type, '42.0', 42)).toBe('equal');
    expect(asString(type, '43', 42)).toBe('stale');
  });

  test.each(['42', '"42"', '42.0', '4.2e1', '0.42e2', '42000e-003'])('the JSON %s equals 42', (held) => {
    expect(inJson('int', held, 42)).toBe('equal');
  });

  test.each(['43', '-42', '42.5', '4.2e2', '42e999999999', '42e-999999999', '0', '420'])(
    '%s is another number',
    (held) => {
      expect(asString('int', held, 42)).toBe('stale');
      expect(inJson('int', held, 42)).toBe('stale');
      expect(inHash('int', held, 42)).toBe('stale');
    },
  );

  test.each(['x', '42x', '4 2', ' 42', '0x2a', '.', '+', 'e5', '1e', 'Infinity', 'NaN', '1_0', 'true', '{}'])(
    'the text %s is no number',
    (held) => {
      expect(asString('int', held, 42)).toBe('unparseable');
    },
  );

  test.each(['true', '[]', '[42]', '{}', '"x"', '""'])('the JSON %s is no number', (held) => {
    expect(inJson('int', held, 42)).toBe('unparseable');
  });

  test.each(['-0', '0.0', '0e5', '-0.0e-7', '00'])('%s is 0', (held) => {
    expect(asString('int', held, 0)).toBe('equal');
  });

  test('beyond 2^53 every digit counts, in text and in JSON', () => {
    expect(asString('bigint', BIG, BIG)).toBe('equal');
    expect(asString('bigint', '9007199254740992', BIG)).toBe('stale');
    expect(inJson('bigint', BIG, BIG)).toBe('equal');
    expect(inJson('bigint', `"${BIG}"`, BIG)).toBe('equal');
    expect(inJson('bigint', '9007199254740992', BIG)).toBe('stale');
    expect(inJson('bigint', '9007199254740994', BIG)).toBe('stale');
    expect(inJson('bigint', '18446744073709551615', '18446744073709551615')).toBe('equal');
    expect(inJson('bigint', '-9223372036854775808', '-9223372036854775808')).toBe('equal');
    expect(inJson('bigint', '9.007199254740993e15', BIG)).toBe('equal');
  });

  test('a JSON number that no double can hold is a number all the same', () => {
    expect(inJson('int', '1e400', 42)).toBe('stale');
    expect(inJson('int', '1e-400', 0)).toBe('stale');
    expect(inJson('double', '1e400', 1)).toBe('stale');
  });

  test('a fraction too small for a double still makes another number', () => {
    expect(inJson('int', '42.00000000000000000001', 42)).toBe('stale');
    expect(inJson('int', '9007199254740991.4', 9007199254740991)).toBe('stale');
  });

  test('the year 0000 is 0', () => {
    expect(asString('year', '0000', 0)).toBe('equal');
  });
});

describe('TINYINT, which BOOLEAN is', () => {
  test.each([
    ['true', 1],
    ['TRUE', 1],
    ['True', -1],
    ['false', 0],
    ['1', 1],
    ['0', 0],
  ])('the text %s equals %d', (held, row) => {
    expect(asString('tinyint', held, row)).toBe('equal');
    expect(inHash('tinyint', held, row)).toBe('equal');
  });

  test('in JSON booleans, their text, and numbers serve', () => {
    for (const held of ['true', '"true"', '2', '"2"']) expect(inJson('tinyint', held, 2)).toBe('equal');
    for (const held of ['false', '1', '"false"']) expect(inJson('tinyint', held, 2)).toBe('stale');
  });

  test('true is not 0, false is not 1, and truth is no text', () => {
    expect(asString('tinyint', 'true', 0)).toBe('stale');
    expect(asString('tinyint', 'false', 1)).toBe('stale');
    expect(asString('tinyint', 'yes', 1)).toBe('unparseable');
    expect(inJson('tinyint', '[]', 1)).toBe('unparseable');
  });
});

describe('DECIMAL', () => {
  test.each([
    ['1.1', '1.10'],
    ['1.10', '1.1'],
    ['1.100000', '1.10'],
    ['11e-1', '1.10'],
    ['-0', '0.00'],
    ['-0.00', '0.00'],
    ['.5', '0.50'],
    ['100', '100.00'],
    [
      '12345678901234567890123456789012345.123456789012345678901234567890',
      '12345678901234567890123456789012345.12345678901234567890123456789',
    ],
    ['12.5', '0012.50'],
  ])('%s equals %s', (held, row) => {
    expect(asString('decimal', held, row)).toBe('equal');
    expect(inHash('decimal', held, row)).toBe('equal');
  });

  test('as a JSON number it loses no digit', () => {
    expect(inJson('decimal', '1.1', '1.10')).toBe('equal');
    expect(inJson('decimal', '0.1', '0.10')).toBe('equal');
    expect(inJson('decimal', '12345678.123456789', '12345678.123456789')).toBe('equal');
    expect(inJson('decimal', '12345678.1234567891', '12345678.123456789')).toBe('stale');
    expect(inJson('decimal', '0.30000000000000004', '0.3')).toBe('stale');
    expect(inJson('decimal', '1e-7', '0.0000001')).toBe('equal');
  });

  test.each(['1.11', '-1.10', '11', '0.110', '1e999999999', '1e-999999999', `1e${'9'.repeat(400)}`])(
    '%s is not 1.10',
    (held) => {
      expect(asString('decimal', held, '1.10')).toBe('stale');
    },
  );
});

describe('FLOAT and DOUBLE', () => {
  test.each(['0.1', '0.10000000149011612', '0.10000000149', '1e-1', '0.100000', '"0.1"'])(
    'the float 0.1 is cached as %s',
    (held) => {
      expect(asString('float', held, 0.1)).toBe('equal');
      expect(inJson('float', held, 0.1)).toBe('equal');
    },
  );

  test('a float that MySQL prints with 6 digits equals the float32 that readers have', () => {
    expect(asString('float', '16777216', 16777200)).toBe('equal');
    expect(asString('float', '3.4028235e38', 3.40282e38)).toBe('equal');
    expect(asString('float', '0.10001', 0.1)).toBe('stale');
    expect(asString('float', '1e999', 0.1)).toBe('stale');
    expect(asString('float', 'x', 0.1)).toBe('unparseable');
  });

  test.each([
    ['8.942235', 8.94223, 'the shortest text of 8.942234992980957'],
    ['2.124885', 2.12489, 'the shortest text of 2.124885082244873'],
    ['3.80184498361667', 3.80184, 'whose float32 would round up'],
    ['1e-45', 1.4013e-45, 'the shortest text of the smallest float'],
  ])('%s is the float that MySQL prints as %d: %s', (held, row) => {
    expect(asString('float', held, row)).toBe('equal');
  });

  test('a double is the same number, however it is written', () => {
    for (const held of ['0.1', '1e-1', '0.10', '0.1000000000000000055511151231257827'])
      expect(asString('double', held, 0.1)).toBe('equal');
    expect(asString('double', '0.10000000000000002', 0.1)).toBe('stale');
    expect(inJson('double', '1.7976931348623157e308', 1.7976931348623157e308)).toBe('equal');
    expect(inJson('double', '-0', 0)).toBe('equal');
    for (const held of ['', 'Infinity', '0x1', '1,5']) expect(asString('double', held, 1)).not.toBe('equal');
  });
});

describe('BIT', () => {
  const one = Buffer.from([1]);

  test('it is an unsigned number, most significant byte first', () => {
    expect(asString('bit', '258', Buffer.from([1, 2]))).toBe('equal');
    expect(inJson('bit', '258', Buffer.from([1, 2]))).toBe('equal');
    expect(asString('bit', '18446744073709551615', Buffer.alloc(8, 255))).toBe('equal');
    expect(inJson('bit', '18446744073709551615', Buffer.alloc(8, 255))).toBe('equal');
    expect(inJson('bit', '18446744073709551614', Buffer.alloc(8, 255))).toBe('stale');
    expect(asString('bit', '513', Buffer.from([1, 2]))).toBe('stale');
  });

  test('one byte is also true or false', () => {
    expect(asString('bit', 'true', one)).toBe('equal');
    expect(asString('bit', 'False', Buffer.from([0]))).toBe('equal');
    expect(inJson('bit', 'true', one)).toBe('equal');
    expect(inJson('bit', 'false', one)).toBe('stale');
    expect(asString('bit', 'true', Buffer.from([0, 1]))).toBe('unparseable');
    expect(inJson('bit', 'true', Buffer.from([0, 1]))).toBe('unparseable');
  });

  test('its bytes as text, or as JSON of a Buffer, are it too', () => {
    expect(asString('bit', '\x01', one)).toBe('equal');
    expect(inJson('bit', '{"type":"Buffer","data":[1]}', one)).toBe('equal');
    expect(inJson('bit', '{"type":"Buffer","data":[0]}', one)).toBe('stale');
    expect(inJson('bit', '[1]', one)).toBe('unparseable');
  });
});
