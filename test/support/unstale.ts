import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A run of the program as users run it. */
export interface UnstaleProcess {
  readonly pid: number;
  /** Everything it wrote to stderr so far. */
  log(): string;
  /** Everything it wrote to stdout so far. */
  stdout(): string;
  /** The value of a metric without labels, or with exactly these, such as `name{stage="invalidate"}`; 0 if unset. */
  metric(name: string): Promise<number>;
  ready(timeoutMs?: number): Promise<void>;
  /** `path` of its HTTP server. */
  get(path: string): Promise<Response>;
  kill(signal: NodeJS.Signals): void;
  isRunning(): boolean;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

export function startUnstale(args: readonly string[], env: NodeJS.ProcessEnv = process.env): UnstaleProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr = collect(child.stderr);
  const stdout = collect(child.stdout);
  const exited = whenExited(child);
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const address = (): string | undefined => /"address":"(http:[^"]+)"/.exec(stderr())?.[1];
  const get = async (path: string): Promise<Response> => {
    const base = await until(address, { what: `the address of the HTTP server in\n${stderr()}` });
    return fetch(base + path);
  };
  return {
    pid: child.pid ?? 0,
    log: stderr,
    stdout,
    get,
    isRunning,
    async metric(name) {
      const text = await (await get('/metrics')).text();
      const line = text.split('\n').find((each) => each.startsWith(`${name} `));
      return line === undefined ? 0 : Number(line.slice(name.length + 1));
    },
    async ready(timeoutMs = 30_000) {
      const answers = async (): Promise<boolean> => {
        if (!isRunning()) return true;
        const base = address();
        return base !== undefined && (await fetch(`${base}/readyz`)).ok;
      };
      await until(answers, { what: 'unstale to be ready', timeoutMs }).catch((error: unknown) => {
        throw new Error(`unstale is not ready:\n${stderr()}`, { cause: error });
      });
      if (!isRunning()) throw new Error(`unstale ended with ${String(await exited)}:\n${stderr()}`);
    },
    kill(signal) {
      child.kill(signal);
    },
    exited,
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** `close`, not `exit`: by then everything that it wrote has arrived. */
async function whenExited(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 'SIGKILL';
}
