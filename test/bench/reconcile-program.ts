/** `unstale reconcile`, as users run it: the built program, seen through its report and through /proc. */
import type { ChildProcess } from 'node:child_process';
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
const errorLines = 15;

/** As little as tells that all was compared, and how fast; unstale-report.schema.json has the rest. */
const reportSchema = z.object({
  status: z.literal('finished'),
  rows: z.number(),
  keys: z.number(),
  compared: z.number(),
  rowsPerSecond: z.number().positive(),
  keysPerSecond: z.number().positive(),
  drift: z.record(z.string(), z.literal(0)),
  undecided: z.literal(0),
});

/** One key a row, and nothing holds it back. */
const configYaml = (
  addresses: ServerAddresses,
): string => `${serversYaml({ name, addresses, serverId, port: 0 })}
tables:
  reconcile.products:
    keys:
      - key: 'product:{id}:stock'
        value: { string: stock }
reconcile: { maxRowsPerSecond: 100000000, maxOpsPerSecond: 100000000, maxRedisLatency: 1m }
`;

/**
 * One run, from the start of the process to its end. No other stage runs beside it: nothing changes, so there is
 * nothing to confirm, which is all that it would wait for them for.
 * @throws Error when it failed, or did not compare every row with its key
 */
export async function reconcileOnce(
  rows: number,
  { addresses, folder, signal }: ReconcileProgramOptions,
): Promise<ReconcilePass> {
  const file = path.join(folder, `${name}.yaml`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, configYaml(addresses));
  const args = [program, 'reconcile', '--json', '-c', file];
  const launch = leashed({ file: process.execPath, args }, process.pid);
  const startedMs = performance.now();
  const running = execa(launch.file, launch.args, { stdin: 'ignore', cancelSignal: signal, reject: false });
  const [{ exitCode, stdout, stderr }, stats] = await Promise.all([running, lastStatsOf(running)]);
  signal.throwIfAborted();
  const wallSeconds = (performance.now() - startedMs) / 1000;
  if (exitCode !== 0)
    throw new Error(
      `unstale reconcile failed:\n${stderr.trimEnd().split('\n').slice(-errorLines).join('\n')}\n${stdout}`,
    );
  const { rowsPerSecond, keysPerSecond, ...report } = reportSchema.parse(JSON.parse(stdout));
  // SCAN may show a key twice, but leaves none out.
  if (report.rows !== rows || report.compared !== rows || report.keys < rows)
    throw new Error(
      `Of ${rows} rows it read ${report.rows}, compared ${report.compared}, and found ${report.keys} keys.`,
    );
  return { rows, rowsPerSecond, keysPerSecond, wallSeconds, ...stats };
}

/** Looked at until it ends: the last milliseconds are missing, in which it only closes what it had opened. */
async function lastStatsOf(
  running: Pick<ChildProcess, 'pid' | 'exitCode' | 'signalCode'>,
): Promise<ProcessStats> {
  const { pid } = running;
  if (pid === undefined) throw new Error('unstale reconcile could not be started.');
  let last: ProcessStats | undefined;
  while (running.exitCode === null && running.signalCode === null) {
    last = (await readProcessStats(pid).catch(() => undefined)) ?? last; // it may have ended a moment ago
    await pause(lookEveryMs);
  }
  if (last === undefined) throw new Error('unstale reconcile ended before it was seen running.');
  return last;
}
