import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../ports.js';
import { ServerStartError, retryLostPorts, waitUntilReady } from '../ready.js';
import type { RunningServer } from '../server.js';
import { type Launch, type ServerProcess, spawnServer } from './leash.js';

/** A server whose software and data are in place. */
export interface PreparedServer {
  /** For people, e.g. `MySQL 9.7.4`. */
  readonly title: string;
  /** The first is the one that clients connect to. */
  readonly portCount: number;
  launch(ports: readonly number[]): Launch | Promise<Launch>;
  /** Throws as long as the server at this port does not do its work. */
  probe(port: number): Promise<void>;
}

export interface NativeServerOptions {
  readonly logFile: string;
  readonly signal: AbortSignal;
  onLost(message: string): void;
}

const STOPPED_WITHIN_MS = 20_000;

/** Starts it on ports that are free. */
export async function startNativeServer(
  prepared: PreparedServer,
  options: NativeServerOptions,
): Promise<RunningServer> {
  return retryLostPorts(options.signal, async () => {
    const server = createNativeServer(prepared, await freePorts(prepared.portCount), options);
    await server.start();
    return server;
  });
}

function createNativeServer(
  prepared: PreparedServer,
  ports: readonly number[],
  { logFile, signal, onLost }: NativeServerOptions,
): RunningServer {
  const [port = 0] = ports;
  let running: ServerProcess | undefined;

  async function start(): Promise<void> {
    if (running !== undefined) return;
    const started = spawnServer(await prepared.launch(ports), logFile);
    running = started;
    try {
      await waitUntilReady({ signal, probe: () => prepared.probe(port), ended: () => started.end() });
    } catch (error) {
      await kill();
      throw new ServerStartError(prepared.title, error, { end: await endOf(logFile), place: logFile });
    }
    void started.ended.then((how) => {
      if (running !== started) return;
      running = undefined;
      onLost(`${prepared.title} ${how}. Its log is ${logFile}`);
    });
  }

  async function kill(killSignal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const ending = running;
    // From here on its end counts as asked for.
    running = undefined;
    if (ending !== undefined) await endProcess(ending, killSignal);
  }

  const signalRunning = (name: NodeJS.Signals) => {
    running?.signal(name);
    return Promise.resolve();
  };
  return {
    port,
    get pid() {
      return running?.pid;
    },
    start,
    kill,
    async restart() {
      await kill('SIGTERM');
      await start();
    },
    pause: () => signalRunning('SIGSTOP'),
    resume: () => signalRunning('SIGCONT'),
  };
}

/** A server that does not obey in time is killed. */
async function endProcess(server: ServerProcess, signal: NodeJS.Signals): Promise<void> {
  server.signal(signal);
  // A frozen process takes no notice of any other signal before this one.
  server.signal('SIGCONT');
  const patience = new AbortController();
  const late = sleep(STOPPED_WITHIN_MS, 'late', { signal: patience.signal }).catch(() => 'in time');
  if ((await Promise.race([server.ended, late])) === 'late') server.signal('SIGKILL');
  patience.abort();
  await server.ended;
}

const END_BYTES = 16_384;
const END_LINES = 20;

async function endOf(logFile: string): Promise<string> {
  const log = await open(logFile);
  try {
    const { size } = await log.stat();
    const { buffer, bytesRead } = await log.read(
      Buffer.alloc(END_BYTES),
      0,
      END_BYTES,
      Math.max(0, size - END_BYTES),
    );
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-END_LINES).join('\n');
  } finally {
    await log.close();
  }
}
