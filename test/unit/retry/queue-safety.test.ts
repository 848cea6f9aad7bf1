import { describe, expect, test } from 'vitest';
import { judgeQueueRedis } from '../../../src/retry/queue-safety.js';

const info = (fields: Record<string, string>): string =>
  ['# Server', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');
const safe = { run_id: 'abc', role: 'master', maxmemory_policy: 'noeviction', aof_enabled: '1' };

describe("The queue's Redis", () => {
  test('that neither evicts nor forgets is accepted without a word', () => {
    expect(judgeQueueRedis(info(safe), 'r:1')).toEqual({ warnings: [], runId: 'abc' });
  });

  test('without an append-only file is accepted with a warning', () => {
    expect(judgeQueueRedis(info({ ...safe, aof_enabled: '0' }), 'r:1').warnings).toEqual([
      expect.stringContaining('CONFIG SET appendonly yes'),
    ]);
  });

  test.each([
    ['evicts', { ...safe, maxmemory_policy: 'volatile-lru' }, 'CONFIG SET maxmemory-policy noeviction'],
    ['does not tell its policy', { run_id: 'abc' }, 'policy unknown'],
    ['is a replica', { ...safe, role: 'slave' }, 'primary'],
  ])('that %s is refused, with what mends it', (_what, fields, advice) => {
    expect(() => judgeQueueRedis(info(fields), 'r:1')).toThrow(
      expect.objectContaining({ code: 'REDIS_UNSAFE', message: expect.stringContaining(advice) as string }),
    );
  });
});
