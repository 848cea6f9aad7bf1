/** How a client of the cache connects: to one server, or to a cluster that is found through some of its nodes. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Config } from '../config/schema.js';
import { redactUrl } from '../config/url.js';
import { messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';

export interface RedisConnectionOptions {
  /** For the log, continues "connected to the cache at ...". */
  readonly purpose: string;
  readonly commandTimeoutMs: number;
  /** Commands that are never put into a shared pipeline; undefined: none is. */
  readonly pipelinedExcept?: readonly string[];
  readonly scripts: Readonly<Record<string, { readonly lua: string; readonly numberOfKeys: number }>>;
}

export type RedisConnection = (
  { readonly kind: 'single'; readonly client: Redis } | { readonly kind: 'cluster'; readonly client: Cluster }
) & {
  /** Without passwords. */
  readonly where: string;
  /** What it last said, if that is why it does not answer now; else empty. */
  lastError(): string;
  /**
   * Waits for an attempt to connect that is under way, such as the first one, and for no other.
   * @throws Error if there is no connection then
   */
  settled(): Promise<void>;
};

const RECONNECT_MAX_MS = 1_000;
const reconnectInMs = (attempt: number): number => Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS);

/** Commands fail at once while there is no connection, and are never sent twice; it comes back by itself. */
export function connectRedis(
  redis: Config['redis'],
  options: RedisConnectionOptions,
  log: Logger,
): RedisConnection {
  const connected = redis.kind === 'single' ? connectSingle(redis, options) : connectCluster(redis, options);
  const { client, where } = connected;
  let lastError = '';
  client.on('error', (error: unknown) => {
    const text = messageOf(error);
    if (text !== lastError) log.warn({ err: error }, `the cache at ${where} does not answer`);
    lastError = text;
  });
  client.on('ready', () => {
    lastError = '';
    log.info(`connected to the cache at ${where}${options.purpose}`);
  });
  return { ...connected, lastError: () => lastError, settled: createSettled(client) };
}

const connectionOptions = ({ commandTimeoutMs, scripts }: RedisConnectionOptions) =>
  ({
    commandTimeout: commandTimeoutMs,
    connectTimeout: 3_000,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
    scripts,
  }) satisfies RedisOptions;

function connectSingle({ url }: { readonly url: string }, options: RedisConnectionOptions) {
  const client = new Redis(url, {
    ...connectionOptions(options),
    enableOfflineQueue: false,
    retryStrategy: reconnectInMs,
  });
  return { kind: 'single', client, where: redactUrl(url) } as const;
}

function connectCluster(
  { nodes, username, password }: Extract<Config['redis'], { kind: 'cluster' }>,
  options: RedisConnectionOptions,
) {
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  const client = new Cluster([...nodes], {
    enableAutoPipelining: options.pipelinedExcept !== undefined,
    autoPipeliningIgnoredCommands: [...(options.pipelinedExcept ?? [])],
    enableOfflineQueue: false,
    scripts: options.scripts,
    redisOptions: { ...connectionOptions(options), ...login },
    clusterRetryStrategy: reconnectInMs,
  });
  return {
    kind: 'cluster',
    client,
    where: nodes.map(({ host, port }) => `${host}:${port}`).join(', '),
  } as const;
}

/** Waits for a connection, however many attempts that takes. @throws Error when the time is over */
export function untilReady(client: Redis | Cluster, timeoutMs: number): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      client.off('ready', onReady);
      reject(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const onReady = (): void => {
      clearTimeout(timer);
      resolve();
    };
    client.once('ready', onReady);
  });
}

function createSettled(client: Redis | Cluster): () => Promise<void> {
  let waiting: Promise<void> | undefined; // shared, for an emitter warns of many listeners
  const untilSettled = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        client.off('ready', done);
        client.off('close', done);
        waiting = undefined;
        resolve();
      };
      client.on('ready', done);
      client.on('close', done);
    });
  return async () => {
    if (client.status === 'connecting' || client.status === 'connect') await (waiting ??= untilSettled());
    if (client.status !== 'ready') throw new Error('there is no connection');
  };
}
