/**
 * `npm run bench`: measures the built program against real servers on this machine, side by side with what it is
 * compared with, and judges the numbers. Exits 0 if all that must hold does, 3 if not, 1 on failure, 2 on bad usage.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { watchNpm } from '../../infra/local/npm-watch.js';
import { type BenchReport, runBench } from './bench.js';
import { partNames, type PartName, withCompared } from './measurements.js';
import { createProgress } from './progress.js';
import { disturbedParts, missedAny } from './results.js';
import { renderTable } from './table.js';

interface Options {
  readonly runs: number;
  readonly rows: number;
  readonly rowsPerTransaction: number;
  readonly products: number;
  readonly rate: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly reconcileRows: number;
  readonly quietWait: number;
  readonly json: boolean;
}

const EXIT_USAGE = 2;

const folder = fileURLToPath(new URL('../../.local/bench', import.meta.url));

const program = new Command('npm run bench --')
  .description('Measures unstale on real local servers. Parts that others are compared with run along.')
  .addArgument(new Argument('[parts...]', 'which parts; all by default').choices(partNames))
  .option('--runs <n>', 'repeat each part; the table shows medians', atLeast(1), 1)
  .option('--rows <n>', 'rows in the backlog', atLeast(1), 300_000)
  .option('--rows-per-transaction <n>', 'rows that one transaction updates', atLeast(1), 100)
  .option('--products <n>', 'rows in the table', atLeast(1), 200_000)
  .option('--rate <n>', 'latency: changes a second', atLeast(1), 1000)
  .option('--seconds <n>', 'latency: how long it measures', atLeast(1), 15)
  .option('--warm-up <n>', 'latency: seconds of load before that', wholeNumber, 5)
  .option('--reconcile-rows <n>', 'reconcile: rows in its largest table', atLeast(10), 1_000_000)
  .option(
    '--quiet-wait <n>',
    'wait up to so many seconds for a quiet machine before each part',
    wholeNumber,
    60,
  )
  .option('--json', 'print one JSON document instead of the table', false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE))
  .addHelpText(
    'after',
    '\nExit codes: 0 all that must hold does, 1 failed, 2 bad usage, 3 something is missed.',
  );

await main();

async function main(): Promise<void> {
  program.parse();
  const options = program.opts<Options>();
  const stopping = stopOnSignals();
  const progress = createProgress(process.stderr);
  const { rows, rowsPerTransaction, products } = options;
  if (rows % rowsPerTransaction !== 0 || products % rowsPerTransaction !== 0)
    program.error('--rows and --products must be multiples of --rows-per-transaction');
  const wanted = program.args.length === 0 ? partNames : (program.args as PartName[]);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  try {
    const report = await runBench({
      parts: withCompared(wanted),
      runs: options.runs,
      size: { products, transactions: rows / rowsPerTransaction, rowsPerTransaction },
      load: { changesPerSecond: options.rate, warmUpSeconds: options.warmUp, seconds: options.seconds },
      reconcileRows: options.reconcileRows,
      quietWaitMs: options.quietWait * 1000,
      folder: path.join(folder, stamp),
      progress,
      stopping,
    });
    await show(report, stamp, options.json);
    process.exitCode = missedAny(report.figures) ? 3 : 0;
  } catch (error) {
    const { reason } = stopping.signal as { readonly reason: unknown };
    const told = stopping.signal.aborted ? reason : error;
    process.stderr.write(`${told instanceof Error ? told.message : String(told)}\n`);
    process.exitCode = 1;
  }
}

async function show(report: BenchReport, stamp: string, json: boolean): Promise<void> {
  const text = `${JSON.stringify(report, undefined, 2)}\n`;
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${stamp}.json`);
  await writeFile(file, text);
  process.stdout.write(json ? text : `${renderTable(report.figures)}\n`);
  const disturbed = disturbedParts(report.measurements);
  if (disturbed.length > 0)
    process.stderr.write(
      `Other programs took much of the CPUs during ${disturbed.join(', ')}: measure again on a quiet machine.\n`,
    );
  process.stderr.write(`All of it: ${path.relative(process.cwd(), file)}\n`);
}

/** A signal, or the end of the npm that started this, stops the bench in order. */
function stopOnSignals(): AbortController {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stopping.abort(new Error(`Stopped by ${signal}.`));
    });
  }
  watchNpm(() => {
    stopping.abort(new Error('Stopped: the npm that started this is gone.'));
  });
  return stopping;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number');
  return value;
}

function atLeast(min: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value < min) throw new InvalidArgumentError(`expected at least ${min}`);
    return value;
  };
}
