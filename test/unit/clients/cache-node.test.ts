import { describe, expect, test } from 'vitest';
import { escapeGlob, slotsDigest } from '../../../src/clients/cache-node.js';

test('a prefix stands for itself in a pattern', () => {
  expect(escapeGlob('app:')).toBe('app:');
  expect(escapeGlob(String.raw`a*b?c[d]e\f`)).toBe(String.raw`a\*b\?c\[d\]e\\f`);
});

describe('the digest of the slots', () => {
  const own = (fields: string): string => `a1 127.0.0.1:7001@17001 myself,master - 0 0 ${fields}`;
  const other = (fields: string): string => `b2 127.0.0.1:7002@17002 master - 0 1700000000000 ${fields}`;
  const digest = (...lines: string[]): string => slotsDigest(`${lines.join('\n')}\n`);
  const before = digest(own('1 connected 0-5460'), other('2 connected 5461-16383'));

  test.each([
    ['a slot is gone', '1 connected 0-5459'],
    ['a slot is on its way out', '1 connected 0-5460 [5460->-b2]'],
    ['a slot is on its way in', '1 connected 0-5460 [5461-<-b2]'],
    ['a slot went and came back', '3 connected 0-5460'],
  ])('is another one when %s', (_, fields) => {
    expect(digest(own(fields), other('2 connected 5461-16383'))).not.toBe(before);
  });

  test('is the same when only other nodes changed, or the order of the lines', () => {
    expect(digest(other('7 connected 5461-9000'), own('1 connected 0-5460'))).toBe(before);
    expect(digest(own('1 connected 0-5460'))).toBe(before);
  });

  test('is not about when nodes last heard of each other', () => {
    expect(digest('a1 127.0.0.1:7001@17001,host myself,master - 5 6 1 connected 0-5460')).toBe(before);
  });
});
