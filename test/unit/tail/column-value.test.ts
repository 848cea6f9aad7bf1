import { expect, test } from 'vitest';
import { valueReader } from '../../../src/tail/column-value.js';

test.each([
  ['enum', undefined, '', 'the empty label of an invalid value'],
  ['year', 1900, 0, 'the year 0000'],
  ['year', 2001, 2001, 'any other year'],
  ['float', 0.10000000149011612, 0.1, 'the digits that MySQL prints'],
  ['double', 0.1, 0.1, 'as it is'],
  ['varbinary', Buffer.from([0, 255]), 'AP8=', 'base64'],
  ['bigint', 18446744073709551615n, '18446744073709551615', 'all digits'],
  ['json', { a: [1] }, { a: [1] }, 'JSON'],
  ['varchar', null, null, 'NULL'],
] as [string, unknown, unknown, string][])('%s %o is carried as %o: %s', (type, decoded, carried) => {
  expect(valueReader(type)(decoded)).toEqual(carried);
});
