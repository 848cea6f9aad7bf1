/**
 * Ties processes to this one, so that none outlives it, however it ends.
 *
 * The kernel does the work: `setpriv --pdeathsig KILL` (util-linux, on every Debian and Ubuntu) makes it kill the
 * process when the thread that started it ends. A process whose parent died before that took hold finds itself with
 * another parent and ends by itself. Of a server killed this way MySQL, Kafka and Redis recover.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { type Options, execa } from 'execa';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs in the place of the server: $0 is the parent it must have, the rest is the server's command line. */
const EXEC_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] || exit 1; exec "$@"';

export function leashed({ file, args }: Launch, parentPid: number): [file: string, args: string[]] {
  return [
    'setpriv',
    ['--pdeathsig', 'KILL', '/bin/sh', '-c', EXEC_IF_PARENT_LIVES, String(parentPid), file, ...args],
  ];
}

export interface ServerProcess {
  readonly pid: number;
  /** Settles when the process has ended, with how it ended. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** To the whole process group. */
  signal(signal: NodeJS.Signals): void;
}

/**
 * Starts a server in a session of its own: Ctrl-C in the terminal reaches this process alone, which then stops the
 * servers in order.
 */
export function spawnServer(launch: Launch, logFile: string): ServerProcess {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const [file, args] = leashed(launch, process.pid);
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...launch.env },
  });
  closeSync(log);
  return serverProcess(child);
}

function serverProcess(child: ChildProcess): ServerProcess {
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`);
    });
  });
  let over = false;
  void ended.then(() => {
    over = true;
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    hasEnded: () => over,
    signal(signal) {
      if (over || pid === 0) return;
      try {
        process.kill(-pid, signal);
      } catch (error) {
        // It may have ended a moment ago.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    },
  };
}

/** A command that ends by itself, e.g. apt-get. @throws ExecaError with the command's output */
export async function run(file: string, args: readonly string[], options: Options = {}): Promise<string> {
  const [leash, leashArgs] = leashed({ file, args }, process.pid);
  const { stdout } = await execa(leash, leashArgs, { stdin: 'ignore', ...options, lines: false, encoding: 'utf8' });
  return typeof stdout === 'string' ? stdout : '';
}
