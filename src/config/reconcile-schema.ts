import { z } from 'zod';
import { duration, evenIfFlawed, flag, share, text, topicName, url, wholeNumber } from './fields.js';

const EVERY_MS = 30 * 60_000;

const orNever = (min: string, max: string) =>
  z.union([duration(min, max), z.literal('never')], {
    error: `expected a duration from ${min} to ${max}, like 30m, or never`,
  });

const ms = (value: number | 'never'): number | undefined => (value === 'never' ? undefined : value);

const maxRepairs = z
  .strictObject({
    share: share()
      .prefault(0.1)
      .describe('The share of the values looked at so far that a run may delete; 100 are always allowed.'),
    count: wholeNumber(0, 1_000_000_000).prefault(100_000).describe('How many values a run may delete.'),
  })
  .describe('A run that would delete more stops, and alerts.');

export const reconcileSchema = z
  .strictObject({
    every: orNever('10s', '30d')
      .optional()
      .describe('How often MySQL and Redis are compared, or `never`; 30m without `cron`.'),
    cron: text()
      .regex(/^\S+(\s+\S+){4,5}$/, { error: 'expected a cron expression, like "0 3 * * *"' })
      .optional()
      .describe('When, as a cron expression in UTC; instead of `every`.'),
    recent: orNever('10s', '1d')
      .prefault('5m')
      .describe('How often the rows that changed since then are looked at, or `never`.'),
    atStart: flag()
      .prefault(true)
      .describe('Whether a run begins at start: one for all processes that start within a minute.'),
    repair: flag().prefault(true).describe('Whether drifted values are deleted; if not, only reported.'),
    chunk: wholeNumber(10, 50_000).prefault(2000).describe('Rows read at a time.'),
    confirmAfter: duration('0ms', '10m')
      .prefault('5s')
      .describe('How long a difference must last before it is looked into.'),
    waitMax: duration('1s', '1d')
      .prefault('2m')
      .describe(
        'How long a run waits for consumers that are behind, a server that is away, or a pause to end.',
      ),
    maxRowsPerSecond: wholeNumber(1, 100_000_000).prefault(50_000).describe('Rows read from MySQL a second.'),
    maxOpsPerSecond: wholeNumber(1, 100_000_000).prefault(100_000).describe('Keys read from Redis a second.'),
    maxReplicaLag: duration('0ms', '1d').prefault('10s').describe('A run pauses while `readFrom` lags more.'),
    maxRedisLatency: duration('1ms', '1m')
      .prefault('50ms')
      .describe('A run pauses while Redis takes longer to answer a PING.'),
    readFrom: url(['mysql'], 'mysql://user:password@replica:3306')
      .optional()
      .describe('A replica to read tables from; differences are confirmed on `mysql.url`.'),
    maxRepairs: maxRepairs.prefault({}),
    topic: topicName('expected letters, digits, ".", "_" and "-" (at most 200)')
      .prefault('inventory_updates')
      .describe('The topic that gets a message for each drifted value.'),
    show: z
      .enum(['values', 'hashes'])
      .prefault('values')
      .describe('What reports and messages tell of values: themselves, or hashes of them.'),
    keepReports: wholeNumber(1, 10_000).prefault(200).describe('How many reports are kept.'),
  })
  .refine(({ every, cron }) => cron === undefined || every === undefined, {
    error: 'give `every` or `cron`, not both',
    path: ['cron'],
    ...evenIfFlawed,
  })
  .transform(({ every, recent, cron, confirmAfter, waitMax, maxReplicaLag, maxRedisLatency, ...rest }) => ({
    ...rest,
    schedule:
      cron !== undefined
        ? ({ kind: 'cron', pattern: cron } as const)
        : every === 'never'
          ? ({ kind: 'never' } as const)
          : ({ kind: 'every', everyMs: every ?? EVERY_MS } as const),
    recentEveryMs: ms(recent),
    confirmAfterMs: confirmAfter,
    waitMaxMs: waitMax,
    maxReplicaLagMs: maxReplicaLag,
    maxRedisLatencyMs: maxRedisLatency,
  }));
