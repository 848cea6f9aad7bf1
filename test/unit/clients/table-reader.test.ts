import { describe, expect, test } from 'vitest';
import { coversInFiles } from '../../../src/clients/table-reader.js';
import type { Position } from '../../../src/domain/position.js';

const at = (file: string, offset: number, serverUuid = 'a'): Position => ({
  kind: 'file',
  serverUuid,
  file,
  offset,
});

describe('a position in a binlog file', () => {
  test.each([
    ['the same', at('binlog.000009', 4), at('binlog.000009', 4), true],
    ['an earlier offset', at('binlog.000009', 5), at('binlog.000009', 4), true],
    ['a later offset', at('binlog.000009', 4), at('binlog.000009', 5), false],
    ['an earlier file', at('binlog.000010', 4), at('binlog.000009', 500), true],
    ['a later file', at('binlog.000009', 500), at('binlog.000010', 4), false],
    ['an earlier file with a shorter number', at('binlog.1000000', 4), at('binlog.999999', 4), true],
    ['a later file with a longer number', at('binlog.999999', 4), at('binlog.1000000', 4), false],
    ['a file of another name', at('log.000002', 4), at('binlog.000001', 4), false],
    ["another server's", at('binlog.000002', 4, 'b'), at('binlog.000001', 4), false],
  ])('and %s: whether it covers it', (_, position, watermark, expected) => {
    expect(coversInFiles(position, watermark)).toBe(expected);
  });
});
