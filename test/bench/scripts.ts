/** What runs in processes of its own. Both sides name the same definition, so that they agree on the shapes. */
import { z } from 'zod';
import type { Script } from './child.js';

const count = z.number().int().positive();
const rate = z.number().positive();

export const decodeScript = {
  file: new URL('./load/decode.ts', import.meta.url),
  input: z.object({
    mysqlUrl: z.string(),
    serverId: count,
    file: z.string(),
    offset: z.number().int(),
    rows: count,
  }),
  output: z.object({ rowsPerSecond: rate }),
} satisfies Script<unknown, unknown>;

export const produceScript = {
  file: new URL('./load/produce.ts', import.meta.url),
  input: z.object({
    brokers: z.array(z.string()),
    topic: z.string(),
    messages: count,
    keyBytes: count,
    valueBytes: count,
    batch: count,
  }),
  output: z.object({ messagesPerSecond: rate }),
} satisfies Script<unknown, unknown>;

export const unlinkScript = {
  file: new URL('./load/unlink.ts', import.meta.url),
  input: z.object({ cacheUrl: z.string(), products: count, keysPerCall: count }),
  output: z.object({ keysPerSecond: rate }),
} satisfies Script<unknown, unknown>;

export const changesScript = {
  file: new URL('./load/changes.ts', import.meta.url),
  input: z.object({
    mysqlUrl: z.string(),
    cacheUrl: z.string(),
    changesPerSecond: count,
    warmUpSeconds: z.number(),
    seconds: z.number(),
    /** Who deletes the keys: unstale, or the script itself once COMMIT has returned, which shows what measuring costs. */
    deletedBy: z.enum(['unstale', 'itself']),
  }),
  output: z.object({
    /** Changes that were measured, those of the warm-up not among them. */
    changes: count,
    changesPerSecond: rate,
    p50Ms: z.number(),
    p99Ms: z.number(),
    maxMs: z.number(),
    /** Changes of which a key was still there long after. */
    missing: z.number().int(),
    /** Changes whose keys were gone before COMMIT had returned; they count as 0 ms. */
    beforeCommitReturned: z.number().int(),
  }),
} satisfies Script<unknown, unknown>;

export const loopScript = {
  file: new URL('./load/loop.ts', import.meta.url),
  input: z.object({ mysqlUrl: z.string(), cacheUrl: z.string(), rows: count }),
  output: z.object({ rowsPerSecond: rate }),
} satisfies Script<unknown, unknown>;

export type LatencyFigures = z.infer<typeof changesScript.output>;
