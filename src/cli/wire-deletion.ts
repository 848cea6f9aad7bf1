import type { CacheClient } from '../clients/redis.js';
import { connectCache } from '../clients/redis.js';
import { type QueueClient, connectQueue } from '../clients/queue.js';
import { UnstaleError } from '../errors.js';
import { type DeleteTargets, createDeletion } from '../invalidate/deletion.js';
import { createKeyMatcher } from '../mapping/key-matcher.js';
import { deadKeys } from '../publish/dead-letters.js';
import { type RetryQueue, createRetryQueue } from '../retry/queue.js';
import { createRetryWorker } from '../retry/worker.js';
import { sendDead } from './dead.js';
import { type Parts, untilAvailable } from './parts.js';

/** Beside the cache's own time-out, so that a batch handler ends within about a second even when both hang. */
const ADD_TIMEOUT_MS = 500;

/** The cache and the queue, joined into the one deletion path. */
export interface Deletion {
  readonly cache: CacheClient;
  readonly deleteTargets: DeleteTargets;
  readonly queueClient: QueueClient;
  readonly queue: RetryQueue;
}

export async function openDeletion({ config, log, resources, signal }: Parts): Promise<Deletion> {
  const cache = resources.opened(connectCache(config.redis, log), (opened) => opened.close());
  const queueClient = connectQueue({
    url: config.queue.url,
    name: config.name,
    log,
    timeoutMs: ADD_TIMEOUT_MS,
  });
  resources.opened(queueClient, (opened) => opened.close());
  await untilAvailable({ log, signal }, () => cache.ping());
  await untilAvailable({ log, signal }, async () => {
    const { warnings } = await queueClient.checkSafety();
    for (const warning of warnings) log.warn(warning);
  });
  const queue = createRetryQueue({
    addJobs: (jobs) => queueClient.addJobs(jobs),
    stats: () => queueClient.stats(),
    depthMax: config.retry.depthMax,
    backoff: config.retry,
    nowMs: () => Date.now(),
    random: Math.random,
  });
  return { cache, queueClient, queue, deleteTargets: createDeletion(cache) };
}

export function startRetry(parts: Parts, { cache, deleteTargets, queueClient }: Deletion): void {
  const { config, metrics, health, alerts, log, resources } = parts;
  const worker = createRetryWorker({
    startJobs: (process) => queueClient.startWorker({ process }),
    stats: () => queueClient.stats(),
    async deleteTargets(targets) {
      if (!cache.isConnected()) throw new UnstaleError('REDIS_UNREACHABLE', 'The cache is not connected.');
      return (await deleteTargets(targets)).failed;
    },
    isOurs: createKeyMatcher(config.tables, config.redis),
    deadLetter: (letter) => sendDead(parts, [deadKeys(letter)]),
    attemptsMax: config.retry.attempts,
    backoff: config.retry,
    alert: (alert) => {
      alerts.alert(alert);
    },
    observe: {
      attempt: () => {
        metrics.retry.attempts.inc();
      },
      deadLetter: (reason) => {
        metrics.retry.deadLetters.inc({ reason });
      },
      stats: ({ depth, oldestOverdueMs }) => {
        metrics.retry.depth.set(depth);
        metrics.retry.oldestOverdueSeconds.set(oldestOverdueMs / 1_000);
      },
    },
    health: health.stage('retry'),
    log,
    nowMs: () => Date.now(),
    random: Math.random,
  });
  resources.opened(worker, (opened) => opened.stop());
}
