import { z } from 'zod';
import { likenessCountsSchema } from './likeness.js';
import { reportSchema } from './report.js';
import { suspectRecordSchema } from './suspect.js';
import { emptyTally, tallySchema } from './tally.js';

/** What a run was asked to do. */
export const orderSchema = z.object({
  scope: z.enum(['full', 'recent']),
  trigger: z.enum(['schedule', 'start', 'command']),
  /** `db.table`; all if empty. */
  tables: z.array(z.string()),
  repair: z.boolean(),
  /** Repairs beyond `maxRepairs`, and although nearly all values of a template differ alike. */
  force: z.boolean(),
});
export type RunOrder = z.infer<typeof orderSchema>;

/** Where a run is. Tables come in the order of their names, nodes in that of their ids. */
export const placeSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('rows'), table: z.string(), after: z.string().optional() }),
  z.object({ phase: z.literal('keys'), done: z.array(z.string()), node: z.string(), cursor: z.string() }),
  z.object({ phase: z.literal('end') }),
]);
export type RunPlace = z.infer<typeof placeSchema>;

const report = reportSchema.shape;

/** All that another process needs to go on with a run, from its last finished chunk. */
export const runStateSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  order: orderSchema,
  startedAtMs: z.number(),
  resumed: z.int(),
  place: placeSchema,
  tally: tallySchema,
  /** By table and template. */
  likeness: z.record(z.string(), likenessCountsSchema),
  /** As clocks tell it; a report rounds it. */
  waitedMs: z.object({
    rate: z.number(),
    replicaLag: z.number(),
    redisLatency: z.number(),
    outage: z.number(),
  }),
  samples: report.samples,
  mismatches: report.mismatches,
  unexplainedSamples: z.array(z.string()),
  undecidedSamples: report.undecidedSamples,
  skipped: report.skipped,
  /** Suspects that were not concluded yet when this was written. */
  pending: z.array(suspectRecordSchema),
  /** Left to the next run. */
  undecided: z.array(suspectRecordSchema),
});
export type RunState = z.infer<typeof runStateSchema>;

export function newRun(id: string, order: RunOrder, nowMs: number): RunState {
  return {
    v: 1,
    id,
    order,
    startedAtMs: nowMs,
    resumed: 0,
    place: { phase: 'rows', table: '' },
    tally: emptyTally(),
    likeness: {},
    waitedMs: { rate: 0, replicaLag: 0, redisLatency: 0, outage: 0 },
    samples: [],
    mismatches: [],
    unexplainedSamples: [],
    undecidedSamples: [],
    skipped: [],
    pending: [],
    undecided: [],
  };
}
