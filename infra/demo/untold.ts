/**
 * What no event tells: rows are changed past the binlog, and `unstale reconcile` has to find it out by comparing.
 * In: a stage on which nobody writes or reads any more. Out: how many values that made stale, and what became of them.
 */
import { execa } from 'execa';
import { reportSchema } from '../../src/reconcile/report.js';
import type { Stage } from './stage.js';
import { count } from './view/text.js';

export interface Untold {
  /** Cached values that the change made stale. */
  readonly stale: number;
  /** Those that the reconcile run found. */
  readonly found: number;
  /** Still stale after it. */
  readonly left: number;
}

export interface UntoldOptions {
  readonly program: string;
  readonly configPath: string;
  /** For the configuration file. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the report is to lie as a page. */
  readonly pagePath: string;
  readonly signal: AbortSignal;
}

const ROWS = 300;
const RUN_MAX_MS = 60_000;
const EXIT_FOUND = 3;

/** @throws Error if the run fails */
export async function changeUntold(
  { board, changePastBinlog, auditAll }: Stage,
  { program, configPath, env, pagePath, signal }: UntoldOptions,
): Promise<Untold> {
  await changePastBinlog(ROWS);
  const { stale } = await auditAll();
  board.note(
    `${ROWS} prices are changed with sql_log_bin=0: ${count(stale.length)} stale, and no event tells`,
  );
  const unstale = (...args: string[]) =>
    execa(process.execPath, [program, ...args, '-c', configPath], {
      env,
      timeout: RUN_MAX_MS,
      cancelSignal: signal,
      reject: false,
    });
  const { exitCode, stdout, stderr } = await unstale('reconcile', '--json');
  if (exitCode !== 0 && exitCode !== EXIT_FOUND)
    throw new Error(`unstale reconcile ended with ${exitCode ?? 'a signal'}: ${stderr}`);
  const report = reportSchema.parse(JSON.parse(stdout));
  const found = Object.values(report.drift).reduce((sum, each) => sum + each, 0);
  await unstale('report', 'html', report.id, '-o', pagePath);
  board.note(
    `unstale reconcile finds ${count(found)} and deletes ${count(report.repaired)} (report: ${pagePath})`,
  );
  const after = await auditAll();
  board.audit(after);
  return { stale: stale.length, found, left: after.stale.length };
}
