import type { ServerName } from './addresses.js';

/** One server of a set, for fault tests: through all of this it keeps its port and its data. */
export interface LocalServer {
  /** The operating system's process; undefined while there is none, and for a container. */
  readonly pid: number | undefined;
  /** Resolves when it does its work again. */
  start(): Promise<void>;
  /** Sends a signal that ends it, SIGKILL unless told otherwise, and resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** An orderly stop, then start(). */
  restart(): Promise<void>;
  /** Freezes it: connections stay open, nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface RunningServer extends LocalServer {
  readonly port: number;
}

/** Given to whatever may take long: where to tell of it, and when to give up. */
export interface Step {
  readonly signal: AbortSignal;
  report(message: string): void;
  /** What the work is called from now on, e.g. with the version it found. */
  rename(title: string): void;
}

/** One way of running a set of servers: as containers or as processes. */
export interface Runner {
  /** Resolves when the server does its work. Runs for several servers at once. */
  start(name: ServerName, step: Step): Promise<RunningServer>;
  /** Ends everything that was started, and waits until it has ended. */
  stop(): Promise<void>;
}

export interface RunnerOptions {
  readonly set: string;
  /** Those that will be started. */
  readonly names: readonly ServerName[];
  /** The data is deleted, before and after, so that a quick end does no harm. */
  readonly fresh: boolean;
  /** A server ended though nobody asked it to. */
  onLost(message: string): void;
}
