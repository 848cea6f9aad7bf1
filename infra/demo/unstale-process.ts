/** `unstale run`, as users run it: a process of its own with a configuration file, seen only through its ops port. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { leashed } from '../local/native/leash.js';
import { freePorts } from '../local/ports.js';
import { rest } from './background.js';
import { readFigures, type UnstaleFigures } from './metrics.js';

export interface UnstaleOptions {
  readonly program: string;
  readonly configPath: string;
  readonly logPath: string;
  /** Beside those of the demo itself; OPS_PORT is added. */
  readonly env: Readonly<Record<string, string>>;
}

export interface UnstaleProcess {
  /** Resolves once it is ready, or at the signal; rejects, with the log's last lines, if it takes too long. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** Rejects, with the log's last lines, if it ends without being asked to. */
  readonly died: Promise<never>;
  /** Undefined if it does not answer now. */
  readonly figures: () => Promise<UnstaleFigures | undefined>;
  /** SIGTERM, then waits. Resolves to the exit code, or null if it had to be killed. */
  readonly stop: () => Promise<number | null>;
}

const readyWithinMs = 60_000;
const stopWithinMs = 30_000;
const askTimeoutMs = 2000;
const logLines = 15;

export async function startUnstale(options: UnstaleOptions): Promise<UnstaleProcess> {
  const { logPath } = options;
  const [port = 0] = await freePorts(1);
  const { child, exited } = await spawnUnstale(options, port);
  let stopping: Promise<number | null> | undefined;

  const failure = async (what: string): Promise<Error> =>
    new Error(`${what} The end of its log (${logPath}):\n${await lastLines(logPath, logLines)}`);
  const died = exited.then(async (code) => {
    if (stopping !== undefined) return await new Promise<never>(() => undefined);
    throw await failure(`unstale ended by itself with ${code === null ? 'a signal' : `code ${code}`}.`);
  });
  died.catch(() => undefined); // whoever races with it sees it

  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    return await exited.finally(() => {
      clearTimeout(late);
    });
  };

  return {
    died,
    async ready(signal) {
      const untilMs = Date.now() + readyWithinMs;
      while (!signal.aborted && (await ask(port, '/readyz')) === undefined) {
        if (Date.now() > untilMs)
          throw await failure(`unstale was not ready after ${readyWithinMs / 1000} s.`);
        await rest(100, signal);
      }
    },
    async figures() {
      const text = await ask(port, '/metrics');
      return text === undefined ? undefined : readFigures(text);
    },
    stop: () => (stopping ??= stop()),
  };
}

async function spawnUnstale({ program, configPath, logPath, env }: UnstaleOptions, port: number) {
  await mkdir(dirname(logPath), { recursive: true });
  const log = await open(logPath, 'w');
  const command = { file: process.execPath, args: [program, 'run', '-c', configPath] };
  // The leash is Linux's own. Elsewhere unstale could outlive a demo that is killed by -9, and only that.
  const { file, args } = process.platform === 'linux' ? leashed(command, process.pid) : command;
  const child = spawn(file, args, {
    env: { ...process.env, ...env, OPS_PORT: String(port) },
    stdio: ['ignore', log.fd, log.fd],
    detached: true, // Ctrl-C in the terminal is for the demo, which then stops it in order
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  await log.close();
  return { child, exited };
}

async function ask(port: number, path: string): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined; // it does not listen yet, or is too busy to answer; whoever asks will ask again
  }
}

async function lastLines(path: string, count: number): Promise<string> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-count).join('\n');
}
