/** The one place that knows ioredis as the cache's client. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Config } from '../config/schema.js';
import { redactUrl } from '../config/url.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { DeletionEffects } from '../invalidate/deletion.js';
import type { Logger } from '../ops/logger.js';

export interface CacheClient extends DeletionEffects {
  /** Resolves once the cache answers. @throws UnstaleError REDIS_UNREACHABLE */
  ping(): Promise<void>;
  /** Whether the connection stands, as far as is known. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** A handler has to end within a second, so a command that takes longer counts as failed, and its keys are retried. */
const COMMAND_TIMEOUT_MS = 500;
const KEYS_PER_CALL = 500;
const RECONNECT_MAX_MS = 1_000;

/** Both kinds of client fail at once: what fails is retried from a queue that survives us. */
const CONNECTION = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: 3_000,
  maxRetriesPerRequest: 0,
  keepAlive: 10_000,
} satisfies RedisOptions;
const reconnectInMs = (attempt: number): number => Math.min(50 * 2 ** attempt, RECONNECT_MAX_MS);

export function connectCache(redis: Config['redis'], log: Logger): CacheClient {
  const { client, where, keysPerCall } =
    redis.kind === 'single' ? connectSingle(redis) : connectCluster(redis);
  let lastError = '';
  client.on('error', (error: unknown) => {
    const text = messageOf(error);
    if (text !== lastError) log.warn({ err: error }, `the cache at ${where} does not answer`);
    lastError = text;
  });
  client.on('ready', () => {
    lastError = '';
    log.info(`connected to the cache at ${where}`);
  });
  return {
    keysPerCall,
    unlink: (keys) => client.unlink(...keys),
    hdel: (key, fields) => client.hdel(key, ...fields),
    isConnected: () => client.status === 'ready',
    async ping() {
      try {
        if (client.status !== 'ready') await untilReady(client);
        await client.ping();
      } catch (error) {
        const message = `The cache at ${where} does not answer: ${lastError === '' ? messageOf(error) : lastError}.`;
        throw new UnstaleError('REDIS_UNREACHABLE', message, { cause: error });
      }
    },
    close() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}

interface Connected {
  readonly client: Redis | Cluster;
  readonly where: string;
  readonly keysPerCall: number;
}

function connectSingle({ url }: { url: string }): Connected {
  const client = new Redis(url, { ...CONNECTION, enableOfflineQueue: false, retryStrategy: reconnectInMs });
  return { client, where: redactUrl(url), keysPerCall: KEYS_PER_CALL };
}

/** A call may not span slots, so each key is a call of its own, and ioredis puts them into one pipeline per node. */
function connectCluster({
  nodes,
  username,
  password,
}: Extract<Config['redis'], { kind: 'cluster' }>): Connected {
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  const client = new Cluster([...nodes], {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    redisOptions: { ...CONNECTION, ...login },
    clusterRetryStrategy: reconnectInMs,
  });
  return { client, where: nodes.map(({ host, port }) => `${host}:${port}`).join(', '), keysPerCall: 1 };
}

const READY_WAIT_MS = 5_000;

function untilReady(client: Redis | Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      client.off('ready', onReady);
      reject(new Error(`no answer within ${READY_WAIT_MS} ms`));
    }, READY_WAIT_MS);
    const onReady = (): void => {
      clearTimeout(timer);
      resolve();
    };
    client.once('ready', onReady);
  });
}
