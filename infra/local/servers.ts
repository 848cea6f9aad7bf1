/**
 * Real MySQL, Kafka and two Redis servers for the demo and the tests.
 *
 * In: which set, and which of its servers. Out: their addresses once all of them do their work, and handles to kill,
 * freeze and stop them. No server outlives the process that started it, however that process ends.
 */
import {
  SERVER_NAMES,
  type ServerAddresses,
  type ServerName,
  localAddresses,
  parseAddresses,
} from './addresses.js';
import { createComposeRunner, engineAnswers } from './compose/compose.js';
import { createNativeRunner } from './native/native.js';
import { type Progress, runTogether } from './progress.js';
import type { LocalServer, Runner, RunnerOptions, RunningServer, Step } from './server.js';
import { type Claim, claimName } from './set-claim.js';

export type { ServerAddresses, ServerName } from './addresses.js';
export type { LocalServer } from './server.js';

export interface StartOptions<Name extends ServerName = ServerName> {
  /** A set has data and logs of its own, in `.local/<set>`. */
  readonly set: string;
  /**
   * Begins without data and deletes it at the end. Since nobody then looks for the data, a set that is in use is
   * no error: `<set>-2` is taken instead, and so on. False by default.
   */
  readonly fresh?: boolean;
  /** All by default. */
  readonly only?: readonly Name[];
  /** As processes of this machine even where a container engine answers. False by default. */
  readonly native?: boolean;
  /** `full` by default. */
  readonly progress?: Progress;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** A server ended though nobody asked it to. Containers do not tell. */
  readonly onLost?: (message: string) => void;
}

export interface LocalServers<Name extends ServerName = ServerName> {
  readonly addresses: Pick<ServerAddresses, Name>;
  server(name: Name): LocalServer;
  /** May be called twice. */
  stop(): Promise<void>;
}

/** @throws Error if the set is in use and its data is to be kept, or if a server does not become ready */
export async function startServers<Name extends ServerName = ServerName>(
  options: StartOptions<Name>,
): Promise<LocalServers<Name>> {
  const { fresh = false, progress = 'full', signal = new AbortController().signal } = options;
  // Without `only`, Name stands for every name.
  const names = options.only ?? (SERVER_NAMES as readonly ServerName[] as readonly Name[]);
  const { set, claim } = await claimName(options.set, { fresh });
  const running = new Map<Name, RunningServer>();
  let runner: Runner | undefined;
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= release(runner, claim));
  try {
    const createRunner = await chooseRunner(options.native ?? false);
    runner = await createRunner({ set, names, fresh, onLost: options.onLost ?? (() => undefined) });
    const { start } = runner;
    const works = names.map((name) => ({
      title: name,
      async run(step: Step) {
        running.set(name, await start(name, step));
      },
    }));
    await runTogether(works, { progress, signal });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: localAddresses(new Map(names.map((name) => [name, handleOf(running, name).port]))),
    server: (name) => handleOf(running, name),
    stop,
  };
}

export interface UsedServers {
  readonly addresses: ServerAddresses;
  /** Stops what was started for this; servers that had been running go on. */
  stop(): Promise<void>;
}

/** The servers that UNSTALE_TEST_SERVERS names, or else a set of our own. */
export async function useServers(options: StartOptions): Promise<UsedServers> {
  const { UNSTALE_TEST_SERVERS: given = '' } = process.env;
  if (given === '') return startServers(options);
  return { addresses: parseAddresses(given, 'UNSTALE_TEST_SERVERS'), stop: () => Promise.resolve() };
}

async function chooseRunner(native: boolean): Promise<(options: RunnerOptions) => Promise<Runner>> {
  return !native && (await engineAnswers()) ? createComposeRunner : createNativeRunner;
}

async function release(runner: Runner | undefined, claim: Claim): Promise<void> {
  try {
    await runner?.stop();
  } finally {
    await claim.release();
  }
}

function handleOf(running: ReadonlyMap<ServerName, RunningServer>, name: ServerName): RunningServer {
  const server = running.get(name);
  if (server === undefined) throw new Error(`${name} is not among the servers that were started`);
  return server;
}
