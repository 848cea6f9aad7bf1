/** The cache, as far as deleting goes. */
import type { Config } from '../config/schema.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { DeletionEffects, UnchangedEffects } from '../invalidate/deletion.js';
import type { Logger } from '../ops/logger.js';
import { connectRedis, untilReady } from './redis-connection.js';
import { DELETE_SCRIPTS, deleteArguments } from './redis-scripts.js';

export interface CacheClient extends DeletionEffects, UnchangedEffects {
  /** Resolves once the cache answers. @throws UnstaleError REDIS_UNREACHABLE */
  ping(): Promise<void>;
  /** Whether the connection stands, as far as is known. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** A handler has to end within a second, so a command that takes longer counts as failed, and its keys are retried. */
const COMMAND_TIMEOUT_MS = 500;
const READY_WAIT_MS = 5_000;
const KEYS_PER_CALL = 500;

/** Everything fails at once: what fails is retried from a queue that survives us. */
export function connectCache(redis: Config['redis'], log: Logger): CacheClient {
  const options = {
    purpose: '',
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    // In a pipeline that is partly redirected, ioredis fails what was, and nothing retries this one.
    pipelinedExcept: ['deleteUnchanged'],
    scripts: DELETE_SCRIPTS,
  };
  const { client, kind, where, lastError } = connectRedis(redis, options, log);
  return {
    // On a cluster a call may not span slots, so each key is one, and ioredis puts them into one pipeline per node.
    keysPerCall: kind === 'single' ? KEYS_PER_CALL : 1,
    unlink: (keys) => client.unlink(...keys),
    hdel: (key, fields) => client.hdel(key, ...fields),
    async deleteUnchanged(item) {
      return (await client.deleteUnchanged(item.target.key, ...deleteArguments(item))) > 0;
    },
    isConnected: () => client.status === 'ready',
    async ping() {
      try {
        await untilReady(client, READY_WAIT_MS);
        await client.ping();
      } catch (error) {
        const message = `The cache at ${where} does not answer: ${lastError() === '' ? messageOf(error) : lastError()}.`;
        throw new UnstaleError('REDIS_UNREACHABLE', message, { cause: error });
      }
    },
    close() {
      client.disconnect();
      return Promise.resolve();
    },
  };
}
