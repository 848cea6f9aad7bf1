import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ColumnFacts,
  bitsLiteral,
  identifier,
  literal,
  qualifiedName,
  textLiteral,
} from '../../../src/clients/sql-literal.js';
import type { DbValue } from '../../../src/domain/db-row.js';

const columnOf = (type: string, charset?: string): ColumnFacts => ({ name: 'c', type, charset });

describe('names in SQL', () => {
  test('stand in backticks, and backticks in them are doubled', () => {
    expect(identifier('a`b')).toBe('`a``b`');
    expect(qualifiedName({ db: 'shop', table: 'odd.`name`' })).toBe('`shop`.`odd.``name```');
  });
});

describe('a literal', () => {
  test.each<[string, DbValue, string]>([
    ['int', -5, '-5'],
    ['bigint', '18446744073709551615', '18446744073709551615'],
    ['decimal', '-1.10', '-1.10'],
    ['double', '1.5', '1.5e0'],
    ['double', 1e300, '1e+300'],
    ['float', 0.1, '0.10000000149011612e0'],
    ['bit', Buffer.from([1, 1]), '257'],
    ['year', 2024, '2024'],
    ['date', '2024-02-31', "DATE'2024-02-31'"],
    ['datetime', '2024-01-01 00:00:00.5', "TIMESTAMP'2024-01-01 00:00:00.5'"],
    ['timestamp', '0000-00-00 00:00:00', "TIMESTAMP'0000-00-00 00:00:00'"],
    ['time', '-838:59:59.000', "TIME'-838:59:59.000'"],
    ['varbinary', Buffer.from([0, 255]), "x'00ff'"],
    ['binary', 'ab', "x'6162'"],
    ['varchar', 'é', "_utf8mb4 x'c3a9'"],
    ['varchar', 5, "_utf8mb4 x'35'"],
    ['enum', '', "_utf8mb4 x''"],
    ['json', '[1]', "CAST(_utf8mb4 x'5b315d' AS JSON)"],
  ])('of a column of type %s for %s is %s', (type, value, expected) => {
    expect(literal(columnOf(type), value)).toBe(expected);
  });

  test.each<[string, DbValue]>([
    ['int', null],
    ['varchar', null],
    ['int', '1 OR 1=1'],
    ['int', '1.0'],
    ['int', '1\n'],
    ['decimal', '1e5'],
    ['double', 'NaN'],
    ['year', 24],
    ['timestamp', '2024-02-31 00:00:00'],
    ['date', "2024-01-01' OR '1"],
    ['time', '838:59:59.1'],
    ['json', '{'],
    ['varchar', '\ud800'],
    ['varchar', Buffer.from('a')],
    ['vector', Buffer.alloc(4)],
  ])('of a column of type %s for %s there is none', (type, value) => {
    expect(literal(columnOf(type), value)).toBeUndefined();
  });

  test('of text holds nothing but hexadecimal digits between its quotes, and they are the text', () => {
    const property = (text: string): void => {
      const digits = /^_utf8mb4 x'([0-9a-f]*)'$/.exec(textLiteral(text))?.[1];
      expect(Buffer.from(digits ?? 'none', 'hex').toString()).toBe(text);
    };
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), property));
  });

  test('of any type, for any value, ends where it began: no quote, comment or second statement gets out', () => {
    const types = [
      'int',
      'decimal',
      'double',
      'year',
      'bit',
      'date',
      'datetime',
      'time',
      'json',
      'char',
      'blob',
    ];
    const fragments = fc.array(
      fc.constantFrom("'", '"', '\\', ';', '--', '/*', '1', '-', '.', 'e', ' ', '\n', '2024-01-01'),
    );
    const property = (type: string, value: string): void => {
      const text = literal(columnOf(type), value) ?? '0';
      expect(text.replace(/'[\w :.-]*'/g, '')).toMatch(/^[\w +.()-]+$/);
      expect(text.replace(/'[^']*'/g, '')).not.toMatch(/--|\/\*/);
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fragments.map((each) => each.join('')),
        property,
      ),
    );
  });

  test('for a charset that may lack a character is NULL if it does, which the server decides', () => {
    const latin1 = { ...columnOf('char', 'latin1'), collation: 'latin1_bin' };
    expect(literal(latin1, 'a')).toBe("_utf8mb4 x'61'");
    expect(literal(latin1, 'é')).toMatch(/^IF\(.* COLLATE latin1_bin, NULL\)$/);
    expect(literal(columnOf('char', 'swe7'), '{')).toMatch(/^IF\(/);
    expect(literal(columnOf('enum', 'binary'), 'é')).toBe("x'c3a9'");
  });

  test('of bits is their number, up to 64 of them', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (number) => {
        expect(bitsLiteral(Buffer.from(number.toString(16).padStart(16, '0'), 'hex'))).toBe(String(number));
      }),
    );
  });
});
