import { describe, expect, test } from 'vitest';
import type { DbValue } from '../../../src/domain/db-row.js';
import { asString, comparerOf, inHash, inJson } from './support.js';

const read = (path: string, document: string, row: DbValue, type = 'int'): string => {
  const comparer = comparerOf({ kind: 'json', columns: { [path]: 'c' } }, { c: type });
  return comparer.compareText(document, [row])?.differs ?? 'equal';
};

describe('paths', () => {
  test.each([
    ['price', '{"price":42}'],
    ['price.amount', '{"price":{"amount":42}}'],
    ['price.amount', '{"price.amount":42,"price":{"amount":1}}'],
    ['list.1.n', '{"list":[0,{"n":42}]}'],
    ['1', '[0,42]'],
    ['a.1', '{"a":{"1":42}}'],
    ['__proto__', '{"__proto__":42}'],
    ['__proto__.x', '{"__proto__":{"x":42}}'],
    ['', '{"":42}'],
    ['a..b', '{"a":{"":{"b":42}}}'],
  ])('%s finds 42 in %s', (path, document) => {
    expect(read(path, document, 42)).toBe('equal');
  });

  test.each([
    ['price', '{}'],
    ['price.amount', '{"price":{}}'],
    ['price.amount', '{"price":42}'],
    ['price.amount', '{"price":"42"}'],
    ['price.value', '{"price":12345678901234567890}'],
    ['list.2', '{"list":[0,1]}'],
    ['list.01', '{"list":[0,42]}'],
    ['list.length', '{"list":[0,1]}'],
    ['name.length', '{"name":"ab"}'],
    ['constructor.name', '{}'],
    ['__proto__', '{}'],
    ['toString', '{"a":1}'],
    ['price', '"price"'],
    ['price', '42'],
  ])('%s is not in %s', (path, document) => {
    expect(read(path, document, 42)).toBe(`no path ${path}`);
    expect(read(path, document, null)).toBe('equal');
  });

  test('below a null everything is null', () => {
    for (const document of ['{"price":null}', 'null', '{"price":{"amount":null}}']) {
      expect(read('price.amount', document, null)).toBe('equal');
      expect(read('price.amount', document, 42)).toBe('column c');
    }
  });

  test.each([
    '',
    '{',
    '{"price":}',
    "{'price':42}",
    'price',
    '{"price":42}x',
    '{"price":01}',
    '{"price":042,"x":12345678901234567890}',
  ])('%s is not JSON', (document) => {
    expect(read('price', document, 42)).toBe('not JSON');
  });

  test('of a repeated key the last one counts, with and without long numbers', () => {
    expect(read('a', '{"a":1,"a":42}', 42)).toBe('equal');
    expect(read('a', '{"a":1,"a":42,"b":12345678901234567890}', 42)).toBe('equal');
  });
});

describe('JSON columns', () => {
  const row = '{"a": [1, 2.50, {"b": null}], "c": "x", "n": 9007199254740993}';

  test.each([
    row,
    '{"n":9007199254740993,"c":"x","a":[1.0,2.5,{"b":null}]}',
    '{"n":9007199254740993.00,"c":"\\u0078","a":[1,25e-1,{"b":null}]}',
    JSON.stringify('{"n":9007199254740993,"c":"x","a":[1,2.5,{"b":null}]}'),
  ])('%s is the same document', (held) => {
    expect(asString('json', held, row)).toBe('equal');
    expect(inHash('json', held, row)).toBe('equal');
    expect(inJson('json', held, row)).toBe('equal');
  });

  test.each([
    '{"a":[1,2.5,{"b":null}],"c":"x","n":9007199254740992}',
    '{"a":[1,2.5,{"b":null}],"c":"x"}',
    '{"a":[1,2.5,{"b":null}],"c":"x","n":9007199254740993,"d":null}',
    '{"a":[2.5,1,{"b":null}],"c":"x","n":9007199254740993}',
    '{"a":{"0":1,"1":2.5,"2":{"b":null}},"c":"x","n":9007199254740993}',
    '{"a":[1,2.5,{"b":false}],"c":"x","n":9007199254740993}',
    '{"a":[1,2.5,{"b":null}],"c":"x","n":"9007199254740993"}',
    '[]',
    '""',
    '"x"',
    '7',
  ])('%s is another document', (held) => {
    expect(asString('json', held, row)).toBe('stale');
    expect(inJson('json', held, row)).toBe('stale');
  });

  test('text that is no JSON is none', () => {
    expect(asString('json', '{', row)).toBe('unparseable');
    expect(inHash('json', '{', row)).toBe('unparseable');
  });

  test('scalars are documents, and a document null is not NULL', () => {
    expect(asString('json', '1.0', '1')).toBe('equal');
    expect(asString('json', '"x"', '"x"')).toBe('equal');
    expect(asString('json', 'null', 'null')).toBe('equal');
    expect(inJson('json', 'null', 'null')).toBe('equal');
    expect(inJson('json', 'null', '[]')).toBe('stale');
    expect(inJson('json', 'null', null)).toBe('equal');
    expect(inJson('json', '[]', null)).toBe('stale');
  });

  test('prototype keys are keys as any other', () => {
    expect(asString('json', '{"__proto__":{"a":1.0}}', '{"__proto__": {"a": 1}}')).toBe('equal');
    expect(asString('json', '{"__proto__":{"a":2}}', '{"__proto__": {"a": 1}}')).toBe('stale');
    expect(asString('json', '{"constructor":1}', '{"__proto__": 1}')).toBe('stale');
    expect(asString('json', '{"toString":1}', '{"valueOf": 1}')).toBe('stale');
    expect(
      inJson('json', '{"value":"12345678901234567890","isLosslessNumber":true}', '12345678901234567890'),
    ).toBe('stale');
  });
});
