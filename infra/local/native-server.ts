import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Launch, type ServerProcess, spawnServer } from './leash.js';
import { freePorts } from './ports.js';

/** A server whose software and data are in place. */
export interface PreparedServer {
  /** For people, e.g. `MySQL 9.7.4`. */
  readonly title: string;
  readonly portCount: number;
  launch(ports: readonly number[]): Launch | Promise<Launch>;
  /** Throws as long as the server at this port does not do its work. */
  probe(port: number): Promise<void>;
}

/** One server of a set, for fault tests: it keeps its port and its data through all of this. */
export interface LocalServer {
  /** The operating system's process; undefined while it is down and for a container. */
  readonly pid: number | undefined;
  /** Resolves when it is ready again. */
  start(): Promise<void>;
  /** Ends the process with a signal that ends it, and waits until it has. Not an orderly stop unless the signal asks for one. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** An orderly stop, then start(). */
  restart(): Promise<void>;
  /** Freezes it: connections stay open, nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface NativeServer extends LocalServer {
  readonly port: number;
}

export interface NativeServerOptions {
  readonly prepared: PreparedServer;
  readonly logFile: string;
  /** Ends the wait for a start. */
  readonly signal: AbortSignal;
  /** The process ended though nobody asked it to. */
  readonly onLost: (message: string) => void;
}

const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 20_000;
const PROBE_INTERVAL_MS = 25;
const START_ATTEMPTS_MAX = 5;

/** Starts it on free ports; on others when another process takes one of them in between. */
export async function startNativeServer(options: NativeServerOptions): Promise<NativeServer> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(options.prepared.portCount);
    const server = createNativeServer(options, ports);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.kill();
      const lostRace = error instanceof ServerStartError && /address already in use/i.test(error.message);
      if (!lostRace || attempt === START_ATTEMPTS_MAX || options.signal.aborted) throw error;
    }
  }
}

export class ServerStartError extends Error {
  override readonly name = 'ServerStartError';
}

function createNativeServer(
  { prepared, logFile, signal, onLost }: NativeServerOptions,
  ports: readonly number[],
): NativeServer {
  let running: ServerProcess | undefined;
  const port = ports[0] ?? 0;

  async function start(): Promise<void> {
    if (running !== undefined) return;
    const started = spawnServer(await prepared.launch(ports), logFile);
    running = started;
    try {
      await waitUntilReady(started, () => prepared.probe(port), signal);
    } catch (error) {
      await kill();
      throw new ServerStartError(
        `${prepared.title} ${messageOf(error)}. The end of its log, ${logFile}:\n${await tailOf(logFile)}`,
        { cause: error },
      );
    }
    void started.ended.then((how) => {
      if (running !== started) return;
      running = undefined;
      onLost(`${prepared.title} ${how}; its log is ${logFile}`);
    });
  }

  /** Forgets the process first, so that its end counts as asked for. */
  async function kill(killSignal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const ending = running;
    running = undefined;
    if (ending === undefined) return;
    ending.signal(killSignal);
    // A frozen process sees no other signal before this one.
    ending.signal('SIGCONT');
    const inTime = await Promise.race([ending.ended.then(() => true), sleep(STOPPED_WITHIN_MS, false, { ref: false })]);
    if (inTime) return;
    ending.signal('SIGKILL');
    await ending.ended;
  }

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
    pause() {
      running?.signal('SIGSTOP');
      return Promise.resolve();
    },
    resume() {
      running?.signal('SIGCONT');
      return Promise.resolve();
    },
  };
}

async function waitUntilReady(server: ServerProcess, probe: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const deadlineMs = Date.now() + READY_WITHIN_MS;
  for (;;) {
    signal.throwIfAborted();
    if (server.hasEnded()) throw new Error(await server.ended);
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > deadlineMs) {
        throw new Error(`was not ready within ${READY_WITHIN_MS / 1_000} s: ${messageOf(error)}`, { cause: error });
      }
      await sleep(PROBE_INTERVAL_MS);
    }
  }
}

const TAIL_BYTES = 16_384;
const TAIL_LINES = 20;

async function tailOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(TAIL_BYTES), position: start });
    const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
    return lines.slice(-TAIL_LINES).join('\n');
  } finally {
    await handle.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
