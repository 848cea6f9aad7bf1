/**
 * `npm run servers`: starts the local servers and stays until it is told to stop.
 *
 * stdout gets the addresses (with --json exactly one line, once all are ready), stderr everything else.
 */
import { Command } from 'commander';
import { type ServerAddresses, startServers } from './servers.js';

interface Options {
  set: string;
  fresh?: true;
  json?: true;
}

const options = new Command('npm run servers --')
  .description('Starts MySQL, Kafka and two Redis servers on free ports of 127.0.0.1 until Ctrl-C.')
  .option('--set <name>', 'a set has data and logs of its own, in .local/<name>', 'servers')
  .option('--fresh', 'start without data, and delete it at the end')
  .option('--json', 'print the addresses as one line of JSON when all are ready')
  .parse()
  .opts<Options>();

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}

try {
  const servers = await startServers({
    set: options.set,
    fresh: options.fresh ?? false,
    signal: stopping.signal,
    onLost(message) {
      console.error(message);
      process.exitCode = 1;
      stopping.abort();
    },
  });
  print(servers.addresses);
  const keepAlive = setInterval(() => undefined, 60_000);
  await new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    stopping.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  clearInterval(keepAlive);
  await servers.stop();
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

function print(addresses: ServerAddresses): void {
  if (options.json === true) {
    console.log(JSON.stringify(addresses));
    return;
  }
  for (const [name, address] of Object.entries(addresses)) console.log(`${name.padEnd(6)} ${String(address)}`);
  console.error('Ctrl-C stops them.');
}
