/**
 * Real MySQL, Kafka and two Redis servers for the demo and the tests.
 *
 * In: which set, and which of its servers. Out: their addresses once all of them do their work, and a handle to
 * stop, kill and freeze them. No process outlives the one that started it, however that one ends.
 */
import { rm } from 'node:fs/promises';
import { SERVER_NAMES, type ServerAddresses, type ServerName, localAddresses, parseAddresses } from './addresses.js';
import { nativeServers } from './native.js';
import { type LocalServer, type NativeServer, startNativeServer } from './native-server.js';
import { type SetPaths, setPaths } from './paths.js';
import { type Progress, runTogether } from './progress.js';
import { type Claim, claimSet } from './set-claim.js';

export type { ServerAddresses, ServerName } from './addresses.js';
export type { LocalServer } from './native-server.js';

export interface StartOptions<Name extends ServerName = ServerName> {
  /** Sets have data and logs of their own, under `.local/<set>`. */
  readonly set: string;
  /** Starts with no data and deletes it at the end. If another process has the set, `<set>-2` is used, and so on. */
  readonly fresh?: boolean;
  /** All of them by default. */
  readonly only?: readonly Name[];
  readonly progress?: Progress;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** A server ended though nobody asked it to. */
  readonly onLost?: (message: string) => void;
}

export interface LocalServers<Name extends ServerName = ServerName> {
  readonly addresses: Pick<ServerAddresses, Name>;
  server(name: Name): LocalServer;
  /** An orderly stop, or a quick one where the data is not kept. May be called twice. */
  stop(): Promise<void>;
}

/** @throws Error if another process has the set and its data is to be kept, or if a server does not get ready */
export async function startServers<Name extends ServerName = ServerName>(
  options: StartOptions<Name>,
): Promise<LocalServers<Name>> {
  const { paths, claim } = await claimPaths(options.set, options.fresh ?? false);
  const running = new Map<ServerName, NativeServer>();
  const stop = stopOnce(running, paths, claim, options.fresh ?? false);
  try {
    await startAll(options, paths, running);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: localAddresses(portsOf(running)),
    server(name) {
      const server = running.get(name);
      if (server === undefined) throw new Error(`${name} is not among the started servers`);
      return server;
    },
    stop,
  };
}

export interface UsedServers {
  readonly addresses: ServerAddresses;
  /** Stops what was started; running servers that were only used go on. */
  stop(): Promise<void>;
}

/** The servers that UNSTALE_TEST_SERVERS names, else a set of our own. */
export async function useServers(options: StartOptions): Promise<UsedServers> {
  const given = process.env.UNSTALE_TEST_SERVERS;
  if (given === undefined || given === '') return startServers(options);
  return { addresses: parseAddresses(given, 'UNSTALE_TEST_SERVERS'), stop: () => Promise.resolve() };
}

const SET_NAMES_MAX = 50;

async function claimPaths(set: string, fresh: boolean): Promise<{ paths: SetPaths; claim: Claim }> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(set)) throw new Error(`"${set}" is no name for a set: use a-z, 0-9 and "-".`);
  const namesMax = fresh ? SET_NAMES_MAX : 1;
  for (let number = 1; number <= namesMax; number += 1) {
    const paths = setPaths(number === 1 ? set : `${set}-${number}`);
    const claim = await claimSet(paths.claims);
    if (claim !== undefined) return { paths, claim };
  }
  throw new Error(`The set "${set}" is in use in this checkout (${setPaths(set).root}). Stop it or use another name.`);
}

async function startAll(options: StartOptions, paths: SetPaths, running: Map<ServerName, NativeServer>): Promise<void> {
  const names = options.only ?? SERVER_NAMES;
  if (options.fresh === true) await removeData(paths);
  await rm(paths.logs, { recursive: true, force: true });
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const prepare = nativeServers(paths);
  const works = names.map((name) => ({
    title: name,
    async run(step: { report(message: string): void; rename(title: string): void }) {
      try {
        const prepared = await prepare[name]((message) => {
          signal.throwIfAborted();
          step.report(message);
        });
        step.rename(prepared.title);
        const onLost = options.onLost ?? (() => undefined);
        running.set(name, await startNativeServer({ prepared, logFile: paths.log(name), signal, onLost }));
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    },
  }));
  await runTogether(works, options.progress ?? 'shown');
}

function stopOnce(running: Map<ServerName, NativeServer>, paths: SetPaths, claim: Claim, fresh: boolean) {
  let stopped: Promise<void> | undefined;
  return () => {
    stopped ??= (async () => {
      await Promise.all([...running.values()].map((server) => server.kill(fresh ? 'SIGKILL' : 'SIGTERM')));
      if (fresh) await removeData(paths);
      await claim.release();
    })();
    return stopped;
  };
}

async function removeData(paths: SetPaths): Promise<void> {
  await Promise.all(SERVER_NAMES.map((name) => rm(paths.data(name), { recursive: true, force: true })));
}

function portsOf(running: ReadonlyMap<ServerName, NativeServer>): Record<ServerName, number> {
  const port = (name: ServerName) => running.get(name)?.port ?? 0;
  return { mysql: port('mysql'), kafka: port('kafka'), cache: port('cache'), queue: port('queue') };
}
