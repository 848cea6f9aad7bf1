/**
 * `npm start`: the main job on real servers, seen from outside. Starts the servers, opens a shop on them, first
 * without unstale and then with it, and ends with a verdict. Exit code 0 only if no cached value is stale then.
 */
import chalk from 'chalk';
import { Command, InvalidArgumentError } from 'commander';
import { watchNpm } from '../local/npm-watch.js';
import { useServers } from '../local/servers.js';
import { runDemo } from './demo.js';
import { describeVerdict } from './verdict.js';

interface Options {
  readonly seconds?: number;
  readonly withoutSeconds: number;
  readonly writesPerSecond: number;
  readonly readers: number;
  readonly json: boolean;
}

function readOptions(): Options {
  const positive = (text: string): number => {
    if (!/^\d+(\.\d+)?$/.test(text) || Number(text) === 0)
      throw new InvalidArgumentError('Expected a number above 0.');
    return Number(text);
  };
  return new Command('npm start --')
    .description('A shop on real servers, first without unstale and then with it.')
    .option('--seconds <n>', 'end after so many seconds with unstale; without it, Ctrl-C ends', positive)
    .option('--without-seconds <n>', 'how long the shop runs without unstale first', positive, 6)
    .option('--writes-per-second <n>', 'rows that the writers change', positive, 300)
    .option('--readers <n>', 'readers, each with some 30 look-ups a second', positive, 64)
    .option('--json', 'print the verdict as one JSON document on stdout', false)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse()
    .opts<Options>();
}

/** One Ctrl-C comes several times: from the terminal, and passed on by npm. */
const oneCtrlCMs = 1000;

/** Aborts at the first Ctrl-C, SIGTERM or SIGHUP. At the second, or if npm was killed, the process ends at once. */
function listenForStop(): AbortSignal {
  const stopping = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= Date.now();
    if (Date.now() - firstMs > oneCtrlCMs) process.exit(130);
    stopping.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  watchNpm(() => process.exit(1)); // servers and unstale are on a leash
  return stopping.signal;
}

async function main(): Promise<number> {
  const { seconds, json, ...rates } = readOptions();
  const stopping = listenForStop();
  const lost = new AbortController();
  const servers = await useServers({
    set: 'demo',
    fresh: true,
    signal: stopping,
    onLost(message) {
      lost.abort(new Error(message));
    },
  });
  try {
    const { addresses } = servers;
    const verdict = await runDemo({ ...rates, addresses, withSeconds: seconds, stopping, lost: lost.signal });
    if (verdict === undefined) {
      console.error('Stopped before unstale was there: no verdict.');
      return 1;
    }
    console.log(
      json ? JSON.stringify(verdict, null, 2) : `\n${describeVerdict(verdict, chalk).join('\n')}\n`,
    );
    return verdict.fine ? 0 : 1;
  } finally {
    await servers.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
