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
  /** The value of a metric without labels, or with exactly these, such as `{stage="invalidate"}`. */
  metric(name: string): Promise<number>;
  ready(timeoutMs?: number): Promise<void>;
  /** `path` of its HTTP server. */
  get(path: string): Promise<Response>;
  kill(signal: NodeJS.Signals): void;
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

export function startUnstale(args: readonly string[], env: NodeJS.ProcessEnv = process.env): UnstaleProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = whenExited(child);
  const address = (): string | undefined => /"address":"(http:[^"]+)"/.exec(log)?.[1];
  const get = async (path: string): Promise<Response> => {
    const base = await until(address, { what: `the address of the HTTP server in\n${log}` });
    return fetch(base + path);
  };
  return {
    pid: child.pid ?? 0,
    log: () => log,
    get,
    async metric(name) {
      const text = await (await get('/metrics')).text();
      const line = text.split('\n').find((each) => each.startsWith(`${name} `));
      return line === undefined ? 0 : Number(line.slice(name.length + 1));
    },
    async ready(timeoutMs = 30_000) {
      const isReady = async (): Promise<boolean> => {
        if (child.exitCode !== null) throw new Error(`unstale ended with ${child.exitCode}:\n${log}`);
        return (await get('/readyz')).ok;
      };
      await until(isReady, { what: 'unstale to be ready', timeoutMs }).catch((error: unknown) => {
        throw new Error(`unstale is not ready:\n${log}`, { cause: error });
      });
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

async function whenExited(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 'SIGKILL';
}
