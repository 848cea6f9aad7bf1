import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/schema.js';
import { type Logger, createLogger } from '../ops/logger.js';
import { listReports, pageReport, showReport } from './report.js';

/** Adds `report` with `list` (also without a word), `show` and `html`. Only main.ts reads the environment, so it loads. */
export function addReportCommand(program: Command, load: (path: string) => Promise<Config>): void {
  const report = program.command('report').description('drift reports: list, show, or as a page to look at');

  report
    .command('list', { isDefault: true })
    .description('the reports that are kept, newest first')
    .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
    .option('--json', 'one JSON document on stdout', false)
    .option('--limit <n>', 'only the newest n', countOption)
    .action(async ({ config: path, json, limit }: { config: string; json: boolean; limit?: number }) => {
      process.exitCode = await listReports({ config: await load(path), log: logger(), json, limit });
    });

  report
    .command('show')
    .description('one report, the latest without an id')
    .argument('[id]', 'as the list shows it')
    .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
    .option('--json', 'one JSON document on stdout (unstale-report.schema.json)', false)
    .action(async (id: string | undefined, { config: path, json }: { config: string; json: boolean }) => {
      process.exitCode = await showReport({ config: await load(path), log: logger(), json, id });
    });

  report
    .command('html')
    .description('one report as a page with charts, the latest without an id')
    .argument('[id]', 'as the list shows it')
    .option('-c, --config <file>', 'configuration file', 'unstale.yaml')
    .option('-o, --output <file>', 'write the page to this file instead of stdout')
    .action(async (id: string | undefined, { config: path, output }: { config: string; output?: string }) => {
      process.exitCode = await pageReport({ config: await load(path), log: logger(), id, output });
    });
}

/** Damaged reports are told. */
const logger = (): Logger => createLogger({ level: 'warn' });

function countOption(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number, at least 1.');
  return value;
}
