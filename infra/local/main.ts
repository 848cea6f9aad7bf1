/**
 * `npm run servers`: starts the local servers and stays until it is told to stop, or until npm is gone.
 *
 * stdout gets the addresses, with --json as exactly one line once all servers are ready; stderr gets everything else.
 */
import { once } from 'node:events';
import { Command, Option } from 'commander';
import { SERVER_NAMES, type ServerName } from './addresses.js';
import { watchNpm } from './npm-watch.js';
import { messageOf } from './ready.js';
import { startServers } from './servers.js';

interface CliOptions {
  readonly set: string;
  readonly fresh: boolean;
  readonly only?: readonly ServerName[];
  readonly native: boolean;
  readonly json: boolean;
}

const cli = new Command('npm run servers --')
  .description(
    'Starts MySQL, Kafka and two Redis servers on free ports of 127.0.0.1, and stops them at Ctrl-C.',
  )
  .option(
    '--set <name>',
    'which set of servers: each has data and logs of its own, in .local/<name>',
    'servers',
  )
  .option('--fresh', 'begin without data, and delete it at the end', false)
  .addOption(new Option('--only <names...>', 'only these').choices(SERVER_NAMES))
  .option('--native', 'as processes, even where a container engine answers', false)
  .option('--json', 'print the addresses as one line of JSON when all are ready', false);

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}
watchNpm(() => {
  stopping.abort();
});

try {
  await serve(cli.parse().opts<CliOptions>(), stopping.signal);
} catch (error) {
  // Giving up a start is what a stop then means.
  if (!stopping.signal.aborted) console.error(`\n${messageOf(error)}`);
  process.exitCode = 1;
}

async function serve({ json, ...options }: CliOptions, signal: AbortSignal): Promise<void> {
  const onLost = (message: string) => {
    console.error(message);
    process.exitCode = 1;
    stopping.abort();
  };
  const servers = await startServers({ ...options, signal, onLost });
  // The process stays for the servers, which are its children, and this waits for the stop.
  if (!signal.aborted) {
    console.log(json ? JSON.stringify(servers.addresses) : asList(servers.addresses));
    console.error('Ctrl-C stops them.');
    await once(signal, 'abort');
  }
  await servers.stop();
}

function asList(addresses: object): string {
  return Object.entries(addresses)
    .map(([name, address]) => `${name.padEnd(6)} ${String(address)}`)
    .join('\n');
}
