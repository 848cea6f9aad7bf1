/**
 * What a pass found, as it is kept, printed and documented: one schema gives the type, the check of what comes back
 * from Redis, and `unstale-report.schema.json`.
 */
import { z } from 'zod';
import { DRIFT_KINDS } from '../domain/drift.js';

const count = () => z.int().min(0);
const time = () => z.iso.datetime().describe('UTC.');
const perKind = () => z.record(z.enum(DRIFT_KINDS), count());
/** A value as it may leave the process: as text, or hashed (`reconcile.show`). */
const shown = () => z.string().nullable();

/** What the change topic tells of a drifted row. */
const history = z.object({
  verdict: z
    .enum(['no_event', 'event_missed', 'late_fill', 'event_seen', 'not_searched'])
    .describe(
      'no_event: none in the searched part of the topic. event_missed: the row differs from what its last event said. ' +
        'late_fill: the cache holds what the row was before its last event. event_seen: neither explains it.',
    ),
  text: z.string().describe('The same as a sentence.'),
  changes: z
    .array(
      z.object({
        at: time(),
        operation: z.enum(['insert', 'update', 'delete']),
        changed: z.array(z.string()).describe('Names of the columns.'),
        partition: count(),
        offset: z.string().describe("The message's, as text: it may pass 2^53."),
        gtid: z.string().nullable().describe('Of the transaction; null where the source has none.'),
      }),
    )
    .describe("The row's last changes, newest first."),
});

const sample = z.object({
  table: z.string(),
  template: z.string().describe('The key template, as the mapping writes it.'),
  key: z.string().describe('The Redis key, prefix included.'),
  field: z.string().nullable().describe('The field of the hash that was compared; null: the whole key.'),
  kind: z.enum(DRIFT_KINDS),
  rowKey: z.string().describe('The primary key as JSON; empty where no row is known.'),
  differs: z.string().describe('In which column or how, as a short phrase.'),
  cached: shown().describe('What Redis held.'),
  row: shown().describe('What MySQL holds, in the same form; null without a row.'),
  repair: z
    .enum([
      'deleted',
      'changed_meanwhile',
      'nothing_to_delete',
      'not_asked',
      'wrong_mapping',
      'limit',
      'failed',
    ])
    .describe('What became of it. not_asked: the run only reports. failed: it lies in the retry queue.'),
  foundAt: time(),
  history,
});

export const reportSchema = z.object({
  v: z.literal(1).describe('Version of this document.'),
  id: z.string().describe('Unique among the reports of this name.'),
  name: z.string().describe("The configuration's name."),
  scope: z.enum(['full', 'recent']).describe('All rows and keys, or the rows that changed lately.'),
  trigger: z.enum(['schedule', 'start', 'command']).describe('What began it.'),
  status: z
    .enum(['finished', 'stopped', 'cancelled', 'failed'])
    .describe('stopped: a limit of repairs was reached, or the mapping is wrong.'),
  reason: z.string().describe('Why it did not finish; empty if it did.'),
  repairs: z.boolean().describe('Whether it was to repair what it found.'),
  startedAt: time(),
  endedAt: time(),
  durationMs: count().describe('From start to end, pauses included.'),
  resumed: count().describe('How often another process had to go on.'),
  rows: count().describe('Rows read from MySQL.'),
  keys: count().describe('Keys found in Redis.'),
  compared: count().describe('Cached values compared with their rows.'),
  rowsPerSecond: z.number().describe('While rows were read, pauses included.'),
  keysPerSecond: z.number().describe('While keys were scanned, pauses included.'),
  waitedMs: z
    .object({ rate: count(), replicaLag: count(), redisLatency: count(), outage: count() })
    .describe('How long it held back, and for what.'),
  drift: perKind().describe('Confirmed, by kind.'),
  repaired: count().describe('Deleted from the cache.'),
  undecided: count().describe('Could not be settled in time; looked at first by the next run.'),
  tables: z
    .array(
      z.object({
        table: z.string(),
        rows: count(),
        compared: count(),
        absent: count().describe('Values that the cache does not hold, which is fine.'),
        keys: count(),
        drift: perKind(),
        repaired: count(),
        undecided: count(),
      }),
    )
    .describe('The same figures by table.'),
  samples: z.array(sample).describe('Some of the drifted values; how many there are says `drift`.'),
  mismatches: z
    .array(
      z.object({
        table: z.string(),
        template: z.string(),
        compared: count(),
        alike: count().describe('How many of them differ in the same way.'),
        differs: z.string().describe('In which way.'),
      }),
    )
    .describe('Templates whose mapping is wrong; nothing of theirs was deleted.'),
  coverage: z
    .array(
      z.object({
        table: z.string(),
        template: z.string(),
        values: z.boolean().describe('Values were compared with their rows.'),
        keys: z.boolean().describe('Keys were traced back to their rows.'),
        why: z.string().describe('Why not, where something was not.'),
      }),
    )
    .describe('What this pass could see of each template.'),
  unexplained: z
    .object({ keys: count(), samples: z.array(z.string()) })
    .describe('Keys under our prefixes that no template explains; never touched.'),
  undecidedSamples: z
    .array(z.object({ key: z.string(), why: z.string() }))
    .describe('Some of the undecided, and what kept them open.'),
  skipped: z.array(z.object({ what: z.string(), why: z.string() })).describe('What was left out, and why.'),
});

export type Report = z.infer<typeof reportSchema>;
export type Sample = Report['samples'][number];
export type History = Sample['history'];
