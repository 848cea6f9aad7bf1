/**
 * Runs the servers as containers: one compose project for each set of each checkout. Containers belong to the engine
 * and would outlive this process, so a shell waits for its end to take them down.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { SERVER_NAMES, type ServerName } from '../addresses.js';
import { checkoutPath } from '../paths.js';
import { freePorts } from '../ports.js';
import { probeKafka, probeMysql, probeRedis } from '../probes.js';
import { ServerStartError, retryLostPorts, waitUntilReady } from '../ready.js';
import type { Runner, RunnerOptions, RunningServer, Step } from '../server.js';

const COMPOSE_FILE = path.join(import.meta.dirname, 'compose.yaml');
const ENGINE_ANSWERS_WITHIN_MS = 3_000;
const PROBES = { mysql: probeMysql, kafka: probeKafka, cache: probeRedis, queue: probeRedis };

type Ports = Readonly<Record<ServerName, number>>;
type Compose = (...args: readonly string[]) => Promise<string>;

/** Whether a container engine and its compose plugin are there and answer soon. */
export async function engineAnswers(): Promise<boolean> {
  const options = { reject: false, stdin: 'ignore', timeout: ENGINE_ANSWERS_WITHIN_MS } as const;
  const engine = await execa('docker', ['info'], options);
  return !engine.failed && !(await execa('docker', ['compose', 'version'], options)).failed;
}

export async function createComposeRunner({ set, names, fresh }: RunnerOptions): Promise<Runner> {
  const base = ['compose', '--project-name', projectName(checkoutPath, set), '--file', COMPOSE_FILE];
  const down = fresh ? ['down', '--volumes', '--timeout', '0'] : ['down'];
  let ports = await choosePorts();
  const call = async (args: readonly string[], signal?: AbortSignal) => {
    const cancel = signal === undefined ? {} : { cancelSignal: signal };
    // In a session of its own, Ctrl-C in the terminal does not stop it halfway.
    const options = { stdin: 'ignore', detached: true, env: portVariables(ports), ...cancel } as const;
    return (await execa('docker', [...base, ...args], options)).stdout;
  };
  if (fresh) await call(down);
  const leash = runWhenOrphaned(['docker', ...base, ...down], portVariables(ports));

  const bringUp = ({ signal, report }: Step) =>
    retryLostPorts(signal, async () => {
      ports = await choosePorts();
      report('starting the containers, after fetching images that are new');
      await call(['up', '--detach', ...names], signal);
    });
  let up: Promise<void> | undefined;
  return {
    async start(name, step) {
      await (up ??= bringUp(step));
      const server = createContainer(name, ports[name], {
        compose: (...args) => call(args),
        signal: step.signal,
      });
      await server.untilReady();
      return server;
    },
    async stop() {
      await call(down);
      leash.kill('SIGKILL');
    },
  };
}

interface ContainerOptions {
  readonly compose: Compose;
  readonly signal: AbortSignal;
}

function createContainer(
  name: ServerName,
  port: number,
  { compose, signal }: ContainerOptions,
): RunningServer & { untilReady(): Promise<void> } {
  let isPaused = false;
  async function untilReady(): Promise<void> {
    try {
      await waitUntilReady({ signal, probe: () => PROBES[name](port), ended: () => undefined });
    } catch (error) {
      const end = await compose('logs', '--no-color', '--no-log-prefix', '--tail', '20', name);
      throw new ServerStartError(name, error, { end, place: `docker compose logs ${name}` });
    }
  }
  async function resume(): Promise<void> {
    if (isPaused) await compose('unpause', name);
    isPaused = false;
  }
  async function start(): Promise<void> {
    await compose('start', name);
    await untilReady();
  }
  return {
    port,
    pid: undefined,
    untilReady,
    start,
    async kill(killSignal = 'SIGKILL') {
      await resume();
      await compose('kill', '--signal', killSignal, name);
      while ((await compose('ps', '--services', '--status', 'running')).split('\n').includes(name))
        await sleep(50);
    },
    async restart() {
      await resume();
      await compose('stop', name);
      await start();
    },
    async pause() {
      if (!isPaused) await compose('pause', name);
      isPaused = true;
    },
    resume,
  };
}

/** A compose project's name allows a-z, 0-9, "-" and "_", and must differ between checkouts. */
export function projectName(checkout: string, set: string): string {
  return `unstale-${createHash('sha256').update(checkout).digest('hex').slice(0, 8)}-${set}`;
}

async function choosePorts(): Promise<Ports> {
  const [mysql = 0, kafka = 0, cache = 0, queue = 0] = await freePorts(SERVER_NAMES.length);
  return { mysql, kafka, cache, queue };
}

/** As compose.yaml names them. */
export function portVariables(ports: Ports): Record<string, string> {
  return Object.fromEntries(SERVER_NAMES.map((name) => [`${name.toUpperCase()}_PORT`, String(ports[name])]));
}

/** The shell reads from a pipe of which only this process has the other end: it closes when the process is gone. */
function runWhenOrphaned(command: readonly string[], variables: Record<string, string>): ChildProcess {
  const leash = spawn('/bin/sh', ['-c', 'cat; exec "$@"', 'leash', ...command], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, ...variables },
  });
  leash.unref();
  return leash;
}
