import { describe, expect, test } from 'vitest';
import { cachedValueOf, deleteArguments, lookArguments } from '../../../src/clients/redis-scripts.js';
import type { CacheKey } from '../../../src/domain/cache-key.js';

const key = 'products' as CacheKey;
const bytes = (text: string): Buffer => Buffer.from(text);

describe('how a place is looked at', () => {
  test.each([
    ['a whole key', {}, ['key', '0']],
    ['the declared fields of a hash', { fields: ['a', 'b'] }, ['key', '2', 'a', 'b']],
    ['a field, whatever else is declared', { field: '7', fields: ['a'] }, ['field', '1', '7']],
    ['a field with an empty name', { field: '' }, ['field', '1', '']],
  ])('is said for %s', (_, probe, expected) => {
    expect(lookArguments(probe)).toEqual(expected);
  });

  test('is the same for a snapshot and for a deletion', () => {
    const target = { key, field: '7' };
    const args = deleteArguments({ target, held: { kind: 'string', value: bytes('v') }, fields: ['a'] });
    expect(args.slice(0, 3)).toEqual(lookArguments({ field: '7', fields: ['a'] }));
    expect(args.slice(3)).toEqual(['string', '1', bytes('v')]);
  });
});

test('a missing field and an empty one are told apart', () => {
  const values = [null, bytes('')];
  const held = { kind: 'hash', values } as const;
  expect(deleteArguments({ target: { key }, held, fields: ['a', 'b'] })).toEqual([
    ...['key', '2', 'a', 'b'],
    ...['hash', '01', '', bytes('')],
  ]);
});

describe("the script's answer", () => {
  test('becomes a value', () => {
    expect(cachedValueOf([bytes('absent')])).toEqual({ kind: 'absent' });
    expect(cachedValueOf([bytes('string'), bytes('')])).toEqual({ kind: 'string', value: bytes('') });
    expect(cachedValueOf([bytes('hash'), null, bytes('1')])).toEqual({
      kind: 'hash',
      values: [null, bytes('1')],
    });
    expect(cachedValueOf([bytes('other'), bytes('list'), bytes('aa')])).toEqual({
      kind: 'other',
      type: 'list',
      digest: 'aa',
    });
  });

  test.each([[[bytes('string')]], [[bytes('other'), bytes('list')]], [[bytes('?')]]] as const)(
    'is refused as a bug in the form %j',
    (reply) => {
      expect(() => cachedValueOf(reply as Parameters<typeof cachedValueOf>[0])).toThrow(TypeError);
    },
  );
});
