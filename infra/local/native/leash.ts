/**
 * Ties processes to this one, so that none outlives it, however it ends.
 *
 * The kernel does the work: `setpriv --pdeathsig KILL` (util-linux, on every Debian and Ubuntu) has it kill the
 * process when the thread that started it ends. A process whose parent died before that took hold finds itself with
 * another parent and ends by itself. MySQL, Kafka and Redis recover from being killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
}

/** Runs in the place of the program: $0 is the parent it must have, the rest is the program's command line. */
const EXEC_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] || exit 1; exec "$@"';

export function leashed({ file, args }: Launch, parentPid: number): Launch {
  const shell = ['/bin/sh', '-c', EXEC_IF_PARENT_LIVES, String(parentPid)];
  return { file: 'setpriv', args: ['--pdeathsig', 'KILL', ...shell, file, ...args] };
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that ends by itself, e.g. apt-get. Returns its standard output. */
export async function run(launch: Launch, { signal, env = {} }: RunOptions): Promise<string> {
  const { file, args } = leashed(launch, process.pid);
  const { stdout, all, failed, exitCode } = await execa(file, args, {
    stdin: 'ignore',
    cancelSignal: signal,
    env,
    all: true,
    reject: false,
  });
  signal.throwIfAborted();
  if (!failed) return stdout;
  const end = stripVTControlCharacters(all).trim().split('\n').slice(-ERROR_LINES).join('\n');
  throw new Error(`${commandLine(launch)} failed (exit code ${exitCode ?? 'unknown'}):\n${end}`);
}

const ERROR_LINES = 20;

function commandLine({ file, args }: Launch): string {
  return [file, ...args].join(' ');
}

export interface ServerProcess {
  readonly pid: number | undefined;
  /** Settles when the process is gone, with how it ended. */
  readonly ended: Promise<string>;
  /** Undefined as long as it runs. */
  end(): string | undefined;
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
  const { file, args } = leashed(launch, process.pid);
  const child = spawn(file, args, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  return serverProcess(child);
}

function serverProcess(child: ChildProcess): ServerProcess {
  let end: string | undefined;
  const ended = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      end = how;
      resolve(how);
    };
    child.once('error', (error) => {
      settle(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      settle(signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`);
    });
  });
  return {
    pid: child.pid,
    ended,
    end: () => end,
    signal(signal) {
      if (end === undefined && child.pid !== undefined) signalGroup(child.pid, signal);
    },
  };
}

function signalGroup(leaderPid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leaderPid, signal);
  } catch (error) {
    // It ended a moment ago, and its exit event is on the way.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
