/**
 * In: the configuration file's data, after YAML and `${}`. Out: {@link Config}, complete with defaults.
 * This one schema gives the types, the defaults, the README's table and the JSON Schema for editors. Fields
 * that are read but not listed here are refused (`problems.ts` tells those that come with a later version).
 */
import { z } from 'zod';
import {
  address,
  evenIfFlawed,
  duration,
  filledText,
  flag,
  parseHostPort,
  share,
  text,
  topicName,
  url,
  wholeNumber,
} from './fields.js';
import { reconcileSchema } from './reconcile-schema.js';
import { redisSchema } from './redis-schema.js';
import { sharedQueueProblem } from './shared-queue.js';
import { tablesSchema } from './tables-schema.js';

const mysql = z
  .strictObject({
    url: url(['mysql'], 'mysql://user:password@host:3306').describe(
      'The server whose binlog is read. Needs REPLICATION SLAVE, REPLICATION CLIENT and SELECT.',
    ),
    serverId: wholeNumber(1, 4_294_967_295).describe(
      "Our id as a replica; unique among the server's replicas.",
    ),
  })
  .describe('The MySQL server.');

const sasl = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('How to log in.'),
  username: filledText('expected a user name').describe('The user.'),
  password: text().describe('Its password.'),
});

const producer = z
  .strictObject({
    retries: wholeNumber(0, 1000)
      .prefault(10)
      .describe('Attempts of a request to Kafka; then the tail begins anew from its checkpoint.'),
    retryBackoff: duration('1ms', '5m').prefault('100ms').describe('Wait before the first retry; doubles.'),
  })
  .transform(({ retries, retryBackoff }) => ({ retries, retryBackoffMs: retryBackoff }));

const consumer = z
  .strictObject({
    groupId: topicName('expected letters, digits, ".", "_" and "-" (at most 200)')
      .prefault('cache-deletion-group')
      .describe('The consumer group that deletes keys.'),
    maxPollRecords: wholeNumber(1, 100_000)
      .prefault(2000)
      .describe('Messages handled between two heartbeats.'),
    maxPollInterval: duration('1s', '1h')
      .prefault('5m')
      .describe('A consumer that handles one chunk for longer is given up.'),
  })
  .transform(({ groupId, maxPollRecords, maxPollInterval }) => ({
    groupId,
    maxPollRecords,
    maxPollIntervalMs: maxPollInterval,
  }));

const kafka = z
  .strictObject({
    brokers: z
      .array(address(1, 'kafka-1:9092'), { error: 'expected a list of host:port' })
      .min(1, { error: 'expected at least one host:port' })
      .describe('Where to find the cluster: host:port.'),
    topic: topicName('expected letters, digits, ".", "_" and "-" (at most 200)')
      .prefault('mysql_updates')
      .describe('The topic of row changes; its dead letters go to this name with `.dead`.'),
    partitions: wholeNumber(1, 10_000).prefault(12).describe('Partitions of the topic when we create it.'),
    columns: z
      .enum(['mapped', 'all'])
      .prefault('mapped')
      .describe(
        'What messages carry: the primary key and the columns that the mapping names, or the whole row.',
      ),
    ssl: flag().prefault(false).describe('Speak TLS with the brokers.'),
    sasl: sasl.optional().describe('How to log in at the brokers; without it nobody does.'),
    producer: producer.prefault({}).describe('The producer.'),
    consumer: consumer.prefault({}).describe('The consumers.'),
  })
  .describe('The Kafka cluster between the tail and the deletion.');

const queue = z
  .strictObject({
    url: url(['redis', 'rediss'], 'redis://host:6379/0').describe(
      "BullMQ's own Redis (noeviction, AOF); holds keys that could not be deleted yet.",
    ),
    shared: flag().prefault(false).describe("Allows the queue to live in the cache's Redis."),
  })
  .describe('The retry queue.');

const retry = z
  .strictObject({
    attempts: wholeNumber(1, 1000).prefault(12).describe('Attempts before a key goes to the dead letters.'),
    backoff: duration('1ms', '1h').prefault('500ms').describe('Wait before the first attempt; doubles.'),
    maxBackoff: duration('1ms', '1d').prefault('5m').describe('The longest wait between two attempts.'),
    jitter: share().prefault(0.5).describe('Which share of a wait is random.'),
    depthMax: wholeNumber(1, 100_000_000)
      .prefault(1_000_000)
      .describe('Jobs in the queue at which the partitions pause.'),
  })
  // Number.isFinite: a field that is no duration is told by itself.
  .refine(
    ({ backoff, maxBackoff }) =>
      !Number.isFinite(maxBackoff) || !Number.isFinite(backoff) || maxBackoff >= backoff,
    {
      error: 'expected at least retry.backoff',
      path: ['maxBackoff'],
      ...evenIfFlawed,
    },
  )
  .transform(({ attempts, backoff, maxBackoff, jitter, depthMax }) => ({
    attempts,
    backoffMs: backoff,
    maxBackoffMs: maxBackoff,
    jitter,
    depthMax,
  }));

const listOf = (value: unknown): unknown => (Array.isArray(value) ? value : [value]);

const settle = z
  .strictObject({
    after: z
      .preprocess(listOf, z.array(duration('1ms', '1d')).max(5, { error: 'expected at most 5 durations' }))
      .prefault(['2s'])
      .meta({ alsoOne: true })
      .describe('When to delete again, counted from the change; one duration or a list. `[]`: never.'),
  })
  .transform(({ after }) => ({ afterMs: after }));

const alerts = z.strictObject({
  webhook: url(['http', 'https'], 'https://host/path', { orEmpty: true })
    .prefault('')
    .describe('Where dead letters, drift and halts are reported by POST; empty: nowhere.'),
});

const ops = z
  .strictObject({
    listen: address(0, '127.0.0.1:9400')
      .prefault('127.0.0.1:9400')
      .describe('Where metrics and health are served.'),
    token: text().prefault('').describe('Bearer token that requests must bring; empty: none.'),
  })
  .transform(({ listen, token }) => ({
    ...(parseHostPort(listen) ?? { host: '127.0.0.1', port: 9400 }),
    token,
  }));

const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .prefault('info')
    .describe('The least level that is logged.'),
});

export const configSchema = z
  .strictObject({
    name: text('expected a name')
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9_-]{0,40}$/, {
        error: 'expected a letter or digit, then up to 40 letters, digits, "_" and "-"',
      })
      .describe('Names the checkpoint, the queue and the leader lock.'),
    mysql,
    kafka,
    redis: redisSchema,
    queue,
    tables: tablesSchema,
    retry: retry.prefault({}).describe('Keys that could not be deleted.'),
    settle: settle.prefault({}).describe('The second delete, which closes the race with slow readers.'),
    reconcile: reconcileSchema.prefault({}).describe('The periodic comparison of MySQL and Redis.'),
    alerts: alerts.prefault({}).describe('Whom to tell.'),
    ops: ops.prefault({}).describe('The HTTP server for operators.'),
    log: log.prefault({}).describe('Logs.'),
  })
  .superRefine((data, context) => {
    const message = sharedQueueProblem(data);
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: ['queue', 'url'] });
  }, evenIfFlawed);

type DeepReadonly<T> = T extends RegExp | string | number | boolean | undefined
  ? T
  : { readonly [Name in keyof T]: DeepReadonly<T[Name]> };

/** The whole configuration, complete. Durations are in ms; `warnings` are for the log at start. */
export type Config = DeepReadonly<z.output<typeof configSchema>> & { readonly warnings: readonly string[] };
