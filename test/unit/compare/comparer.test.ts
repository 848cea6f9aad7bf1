import { describe, expect, test } from 'vitest';
import { describeCached, uncomparable } from '../../../src/compare/comparer.js';
import type { CachedValue } from '../../../src/domain/cached-value.js';
import { asString, comparerOf, inHash, inJson } from './support.js';

const types = { id: 'int', price: 'decimal', name: 'varchar', data: 'varbinary', attributes: 'json' };
const text = (value: string): CachedValue => ({ kind: 'string', value: Buffer.from(value) });
const stockString = comparerOf({ kind: 'string', column: 'id' }, types);
const document = comparerOf(
  { kind: 'json', columns: { 'price.amount': 'price', title: 'name', 'price.again': 'price' } },
  types,
);
const hash = comparerOf({ kind: 'hash', columns: { p: 'price', n: 'name' } }, types);

describe('a comparer', () => {
  test('says which columns and fields it wants, each column once', () => {
    expect(stockString).toMatchObject({ form: 'string', columns: ['id'], fields: [] });
    expect(document).toMatchObject({ form: 'json', columns: ['price', 'name'], fields: [] });
    expect(hash).toMatchObject({ form: 'hash', columns: ['price', 'name'], fields: ['p', 'n'] });
  });

  test('reads each path and field from the column that it shows', () => {
    expect(
      document.compareText('{"price":{"amount":1.1,"again":"1.1"},"title":"A"}', ['1.10', 'A']),
    ).toBeUndefined();
    expect(document.compareText('{"price":{"amount":1.1,"again":1.2},"title":"A"}', ['1.10', 'A'])).toEqual({
      kind: 'stale',
      differs: 'column price',
    });
    expect(hash.compareHash(['1.1', 'A'], ['1.10', 'A'])).toBeUndefined();
    expect(hash.compareHash(['1.1', 'B'], ['1.10', 'A'])).toEqual({ kind: 'stale', differs: 'column name' });
  });

  test('says what is wrong without values', () => {
    const row = ['1.10', 'A'];
    const unparseable = (differs: string) => ({ kind: 'unparseable', differs });
    expect(document.compareText('{"price":{"amount":"cheap"},"title":"A"}', row)).toEqual(
      unparseable('column price: not a number'),
    );
    expect(document.compareText('{"title":"A"}', row)).toEqual(unparseable('no path price.amount'));
    expect(document.compareText('<xml>', row)).toEqual(unparseable('not JSON'));
    expect(hash.compareHash(['1.1', null], row)).toEqual(unparseable('field n is missing'));
    expect(stockString.compareText('many', [42])).toEqual(unparseable('column id: not a number'));
    expect(
      comparerOf({ kind: 'string', column: 'at' }, { at: 'date' }).compareText('x', ['2024-01-01']),
    ).toEqual(unparseable('column at: not a date'));
  });

  test('survives documents of any depth', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const json = comparerOf({ kind: 'json', columns: { v: 'attributes' } }, types);
    for (const held of [deep, `{"v":${deep},"n":12345678901234567890}`, `{"v":${deep}}`])
      expect(json.compareText(held, ['[[]]'])?.kind).toMatch(/^(stale|unparseable)$/);
    expect(json.compareText(`{"v":${deep},"n":12345678901234567890}`, ['[[]]'])?.differs).toBe(
      'nested too deeply',
    );
    expect(json.compareText(`{"v":${deep}}`, [`${deep} `])?.differs).toBe('nested too deeply');
  });

  test('is not made of columns that it cannot compare or that are not there', () => {
    expect(() => comparerOf({ kind: 'string', column: 'x' }, { x: 'point' })).toThrow('unchecked column');
    expect(() => comparerOf({ kind: 'string', column: 'x' }, types)).toThrow('no column x');
  });
});

describe('NULL', () => {
  test.each(['int', 'decimal', 'datetime', 'varchar', 'json', 'tinyint', 'varbinary'])(
    'of a %s is empty, null, or not there',
    (type) => {
      for (const held of ['', 'null', 'NULL', 'Null']) {
        expect(asString(type, held, null)).toBe('equal');
        expect(inHash(type, held, null)).toBe('equal');
      }
      expect(inJson(type, 'null', null)).toBe('equal');
      expect(inHash(type, null, null)).toBe('equal');
      for (const held of ['0', 'x', ' ', 'undefined', '{}']) {
        expect(asString(type, held, null)).toBe('stale');
        expect(inHash(type, held, null)).toBe('stale');
      }
      for (const held of ['0', 'false', '""', '"null"', '[]', '{}'])
        expect(inJson(type, held, null)).toBe('stale');
    },
  );

  test.each([
    ['int', 42],
    ['decimal', '1.10'],
    ['datetime', '2024-05-31 12:00:00'],
    ['time', '08:05:00'],
    ['varchar', 'x'],
    ['json', '[]'],
    ['varbinary', Buffer.from('x')],
    ['bit', Buffer.from([1])],
    ['double', 0.5],
  ])('cached for a %s that has a value is stale', (type, row) => {
    for (const held of ['', 'null', 'NULL']) {
      expect(asString(type, held, row)).toBe('stale');
      expect(inHash(type, held, row)).toBe('stale');
    }
    expect(inJson(type, 'null', row)).toBe('stale');
    expect(inHash(type, null, row)).toBe('unparseable');
  });

  test('is not the text null, nor the empty text, where the row holds just that', () => {
    expect(asString('varchar', 'null', 'null')).toBe('equal');
    expect(asString('varchar', '', '')).toBe('equal');
    expect(inHash('varchar', '', '')).toBe('equal');
  });
});

describe('snapshots', () => {
  test('are compared like texts and fields', () => {
    expect(stockString.compareCached(text('42.0'), [42])).toBeUndefined();
    expect(stockString.compareCached(text('43'), [42])).toMatchObject({ kind: 'stale' });
    expect(document.compareCached(text('{}'), ['1', 'A'])).toMatchObject({ differs: 'no path price.amount' });
    const values = [Buffer.from('1.1'), Buffer.from('A')];
    expect(hash.compareCached({ kind: 'hash', values }, ['1.10', 'A'])).toBeUndefined();
    expect(hash.compareCached({ kind: 'hash', values }, ['1.10', 'B'])).toEqual({
      kind: 'stale',
      differs: 'column name',
    });
    expect(hash.compareCached({ kind: 'hash', values: [null, Buffer.from('A')] }, ['1', 'A'])).toMatchObject({
      differs: 'field p is missing',
    });
  });

  test('hold the very bytes of binary values, also where they are no text', () => {
    const bytes = Buffer.from([0xff, 0xfe]);
    const data = comparerOf({ kind: 'string', column: 'data' }, types);
    expect(data.compareCached({ kind: 'string', value: bytes }, [bytes])).toBeUndefined();
    expect(data.compareCached({ kind: 'string', value: Buffer.from([0xff, 0xfd]) }, [bytes])).toBeDefined();
    const field = comparerOf({ kind: 'hash', columns: { d: 'data' } }, types);
    expect(field.compareCached({ kind: 'hash', values: [bytes] }, [bytes])).toBeUndefined();
  });

  test('without a value are absent', () => {
    for (const comparer of [stockString, document, hash])
      expect(comparer.compareCached({ kind: 'absent' }, [1, 'A'])).toBe('absent');
    expect(hash.compareCached({ kind: 'hash', values: [null, null] }, ['1', 'A'])).toBe('absent');
  });

  test('of another Redis type are named', () => {
    const list: CachedValue = { kind: 'other', type: 'list', digest: 'ab' };
    expect(stockString.compareCached(list, [1])).toEqual({
      kind: 'unparseable',
      differs: 'a list instead of a string',
    });
    expect(hash.compareCached(list, ['1', 'A'])).toMatchObject({ differs: 'a list instead of a hash' });
    expect(hash.compareCached(text('x'), ['1', 'A'])).toMatchObject({
      differs: 'a string instead of a hash',
    });
    expect(stockString.compareCached({ kind: 'hash', values: [Buffer.from('1')] }, [1])).toMatchObject({
      differs: 'a hash instead of a string',
    });
  });
});

describe('for people', () => {
  test('a row is shown as the cache should hold it', () => {
    expect(stockString.describeRow([42])).toBe('42');
    expect(stockString.describeRow([null])).toBe('null');
    expect(document.describeRow(['1.10', 'A "b"'])).toBe(
      '{"price":{"amount":1.10,"again":1.10},"title":"A \\"b\\""}',
    );
    expect(document.describeRow(['0012.50', null])).toBe(
      '{"price":{"amount":"0012.50","again":"0012.50"},"title":null}',
    );
    expect(hash.describeRow(['1.10', 'A'])).toBe('{"p":"1.10","n":"A"}');
    const json = comparerOf({ kind: 'hash', columns: { a: 'attributes' } }, types);
    expect(json.describeRow(['{"n": 1}'])).toBe('{"a":"{\\"n\\": 1}"}');
    const rest = comparerOf(
      { kind: 'json', columns: { a: 'attributes', d: 'data', b: 'bit' } },
      { ...types, bit: 'bit' },
    );
    expect(rest.describeRow(['{"n": 9007199254740993}', Buffer.from([0, 255]), Buffer.from([1, 0])])).toBe(
      '{"a":{"n": 9007199254740993},"d":"AP8=","b":256}',
    );
  });

  test('a snapshot is shown as it is', () => {
    expect(describeCached({ kind: 'absent' }, [])).toBeNull();
    expect(describeCached(text('Blüe\n'), [])).toBe('Blüe\n');
    expect(describeCached({ kind: 'string', value: Buffer.from([0, 255]) }, [])).toBe('AP8=');
    expect(describeCached({ kind: 'hash', values: [Buffer.from('1'), null] }, ['p', 'n'])).toBe(
      '{"p":"1","n":null}',
    );
    expect(describeCached({ kind: 'other', type: 'list', digest: 'ab12' }, [])).toBe('a list (sha1 ab12)');
  });
});

test('geometry and vectors cannot be compared, and say so', () => {
  const column = (type: string) => ({ name: 'c', type, nullable: false });
  for (const type of ['geometry', 'point', 'multipolygon', 'geomcollection', 'vector', '__proto__'])
    expect(uncomparable(column(type))).toBe(`values of type ${type} cannot be compared`);
  for (const type of Object.values(types)) expect(uncomparable(column(type))).toBeUndefined();
});
