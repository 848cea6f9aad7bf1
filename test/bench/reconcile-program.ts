/** `unstale reconcile`, as users run it: the built program, seen through its report and through /proc. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { z } from 'zod';
import type { ServerAddresses } from '../../infra/local/addresses.js';
import { leashed } from '../../infra/local/native/leash.js';
import { program, serversYaml } from './deployment.js';
import type { ReconcilePass } from './measurements.js';
import { type ProcessStats, readProcessStats } from './process-stats.js';

export interface ReconcileProgramOptions {
  readonly addresses: ServerAddresses;
  readonly folder: string;
  readonly signal: AbortSignal;
}

const serverId = 43_000;
const name = 'reconcile';
const lookEveryMs = 20;
const statusesOfSuccess = z.literal('finished');

/** As little as tells that all was compared, and how fast; unstale-report.schema.json has the rest. */
const reportSchema = z.object({
  status: statusesOfSuccess,
  rows: z.number(),
  keys: z.number(),
  compared: z.number(),
  rowsPerSecond: z.number().positive(),
  keysPerSecond: z.number().positive(),
  drift: z.record(z.string(), z.literal(0)),
  undecided: z.literal(0),
});

/** One key a row, and nothing holds it back. */
const configYaml = (addresses: ServerAddresses): string => `${serversYaml({ name, addresses, serverId, port: 0 })}
tables:
  reconcile.products:
    keys:
      - key: 'product:{id}:stock'
        value: { string: stock }
reconcile: { maxRowsPerSecond: 100000000, maxOpsPerSecond: 100000000, maxRedisLatency: 1m }
`;
