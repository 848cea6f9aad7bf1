#!/usr/bin/env node
import './heap.js'; // first
import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { parseDuration } from '../config/fields.js';
import { loadConfig } from '../config/load.js';
import { UnstaleError, messageOf } from '../errors.js';
import { createLogger } from '../ops/logger.js';
import { lag } from './lag.js';
import { reconcile } from './reconcile.js';
import { addReportCommand } from './report-command.js';
import { run } from './run.js';
import { STAGES, parseStages } from './stages.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
const EXIT_USAGE = 2;

const program = new Command('unstale')
  .description(
    'Keeps Redis caches true to MySQL: tails the binlog and deletes the keys that a changed row feeds.',
  )
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nExit codes: 0 fine, 1 failed, 2 bad usage or configuration, 3 the check found something.',
  );

program
  .command('run')
  .description('run the pipeline until SIGTERM: all stages in one process, or some of them')
  .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
  .option('--only <stages>', `some stages, separated by commas: ${STAGES.join(', ')}`, STAGES.join(','))
  .option('--reset-position', 'give a lost position up: begin at the present end of the binlog', false)
  .action(
    async ({
      config: path,
      only,
      resetPosition,
    }: {
      config: string;
      only: string;
      resetPosition: boolean;
    }) => {
      const stages = parseStages(only);
      const config = await loadConfig({ path, env: process.env });
      const log = createLogger({ level: config.log.level });
      process.exitCode = await run({ config, stages, resetPosition, log });
    },
  );

program
  .command('lag')
  .description("every stage's lag, asked of the servers")
  .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
  .option('--json', 'one JSON document on stdout', false)
  .option('--watch', 'again every 2 s until Ctrl-C', false)
  .option(
    '--max <duration>',
    'exit with 3 when the tail, or a retry, is later than this, such as 30s',
    durationOption,
  )
  .action(async (options: { config: string; json: boolean; watch: boolean; max?: number }) => {
    const config = await loadConfig({ path: options.config, env: process.env });
    const log = createLogger({ level: 'error' });
    const stop = new AbortController();
    process.once('SIGINT', () => {
      stop.abort();
    });
    process.exitCode = await lag({ ...options, config, log, maxMs: options.max, signal: stop.signal });
  });

program
  .command('reconcile')
  .description('compares MySQL and Redis once, now, in both directions, and deletes what has drifted')
  .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
  .option('--table <db.table...>', 'only these tables')
  .option('--report-only', 'delete nothing', false)
  .option('--force', 'repair beyond reconcile.maxRepairs, and although nearly all values differ alike', false)
  .option('--json', 'the report as one JSON document on stdout', false)
  .action(
    async (options: {
      config: string;
      table?: string[];
      reportOnly: boolean;
      force: boolean;
      json: boolean;
    }) => {
      const config = await loadConfig({ path: options.config, env: process.env });
      const log = createLogger({ level: 'error' }); // the report says it all
      const cancel = new AbortController();
      process.once('SIGINT', () => {
        cancel.abort();
      });
      process.once('SIGTERM', () => {
        cancel.abort();
      });
      process.exitCode = await reconcile({
        ...options,
        config,
        log,
        tables: options.table ?? [],
        signal: cancel.signal,
      });
    },
  );

addReportCommand(program, (path) => loadConfig({ path, env: process.env }));

function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Expected a duration such as 500ms, 30s or 5m.');
  return ms;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE; // commander has said why
  } else {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = error instanceof UnstaleError ? error.exitCode : 1;
  }
}
