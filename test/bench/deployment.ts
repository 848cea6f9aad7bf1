/** `unstale run`, as users run it: the built program with a configuration file, seen only through its ops port. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ServerAddresses } from '../../infra/local/addresses.js';
import { spawnServer, type ServerProcess } from '../../infra/local/native/leash.js';
import { freePorts } from '../../infra/local/ports.js';

/** A configuration with topic, group, queue and checkpoint of its own. */
export interface Deployment {
  readonly name: string;
  readonly topic: string;
  /** Starts the program. Without stages all run, in one process. */
  readonly launch: (stages?: readonly string[]) => Promise<UnstaleProcess>;
  /** The same; resolves once it is ready. */
  readonly start: (stages?: readonly string[]) => Promise<UnstaleProcess>;
}

export interface UnstaleProcess {
  readonly pid: number;
  /** Rejects, with the log's last lines, when it ends without being asked to. */
  readonly died: Promise<never>;
  /** SIGTERM, then waits. @throws Error when it did not end well */
  readonly stop: () => Promise<void>;
}

export interface DeploymentsOptions {
  readonly addresses: ServerAddresses;
  /** For configuration files and logs. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** The built program. */
export const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const readyWithinMs = 60_000;
const stopWithinMs = 30_000;
const askTimeoutMs = 2000;
const askEveryMs = 100;
const logLinesShown = 15;
const firstServerId = 41_000;

/** Makes deployments that differ in everything that two of them must not share. */
export function createDeployments({
  addresses,
  folder,
  signal,
}: DeploymentsOptions): (name: string) => Deployment {
  let made = 0;
  return (name) => {
    made += 1;
    const serverId = firstServerId + made;
    let starts = 0;
    const launch = async (stages: readonly string[] = []): Promise<Watched> => {
      starts += 1;
      const [port = 0] = await freePorts(1);
      const file = path.join(folder, `${name}-${starts}`);
      await mkdir(folder, { recursive: true });
      await writeFile(`${file}.yaml`, configYaml({ name, addresses, serverId, port }));
      const args = [program, 'run', '-c', `${file}.yaml`];
      if (stages.length > 0) args.push('--only', stages.join(','));
      const server = spawnServer({ file: process.execPath, args }, `${file}.log`);
      return watched(server, { logFile: `${file}.log`, port });
    };
    return {
      name,
      topic: topicOf(name),
      launch,
      async start(stages) {
        const unstale = await launch(stages);
        await untilReady(unstale, signal);
        return unstale;
      },
    };
  };
}

const topicOf = (name: string): string => `${name}_updates`;

export interface ConfigFields {
  readonly name: string;
  readonly addresses: ServerAddresses;
  readonly serverId: number;
  readonly port: number;
}

/** Two keys a row (`keysOf` in workload.ts names the same); all else is the default. */
const configYaml = (fields: ConfigFields): string => `${serversYaml(fields)}
tables:
  shop.products:
    keys:
      - key: 'product:{id}'
        value: { json: { id: id, sku: sku, name: name, price: price, stock: stock } }
      - key: 'product:{id}:stock'
        value: { string: stock }
`;

/** All of a configuration but its tables. */
export const serversYaml = ({ name, addresses, serverId, port }: ConfigFields): string => `name: ${name}
mysql:
  url: ${addresses.mysql}
  serverId: ${serverId}
kafka:
  brokers: ${JSON.stringify(addresses.kafka)}
  topic: ${topicOf(name)}
  consumer: { groupId: ${name} }
redis:
  url: ${addresses.cache}
queue:
  url: ${addresses.queue}
ops:
  listen: 127.0.0.1:${port}`;

interface Watched extends UnstaleProcess {
  readonly port: number;
  readonly failure: (what: string) => Promise<Error>;
}

function watched(
  server: ServerProcess,
  { logFile, port }: { readonly logFile: string; readonly port: number },
): Watched {
  const failure = async (what: string): Promise<Error> => {
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-logLinesShown);
    return new Error(`${what} The end of its log (${logFile}):\n${lines.join('\n')}`);
  };
  let stopping: Promise<void> | undefined;
  const died = server.ended.then(async (how) => {
    if (stopping !== undefined) return await new Promise<never>(() => undefined);
    throw await failure(`unstale ${how}.`);
  });
  died.catch(() => undefined); // whoever races with it sees it

  const stop = async (): Promise<void> => {
    server.signal('SIGTERM');
    const late = setTimeout(() => {
      server.signal('SIGKILL');
    }, stopWithinMs);
    const how = await server.ended;
    clearTimeout(late);
    if (!how.endsWith('exit code 0')) throw await failure(`unstale, asked to stop, ${how}.`);
  };
  const { pid } = server;
  if (pid === undefined) throw new Error('unstale could not be started.');
  return { pid, port, died, failure, stop: () => (stopping ??= stop()) };
}

/** Stops it when it does not get ready. */
async function untilReady(unstale: Watched, signal: AbortSignal): Promise<void> {
  const ready = async (): Promise<void> => {
    const untilMs = Date.now() + readyWithinMs;
    while (!(await isReady(unstale.port))) {
      if (Date.now() > untilMs)
        throw await unstale.failure(`unstale was not ready after ${readyWithinMs / 1000} s.`);
      await pause(askEveryMs, undefined, { signal });
    }
  };
  try {
    await Promise.race([ready(), unstale.died]);
  } catch (error) {
    await unstale.stop().catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, {
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    return response.ok;
  } catch {
    return false; // it does not listen yet
  }
}
