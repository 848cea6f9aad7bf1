import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LocalServer, type LocalServers, startServers } from '../../infra/local/servers.js';
import { type QueueClient, connectQueue } from '../../src/clients/queue.js';
import type { CacheKey, Target } from '../../src/domain/cache-key.js';
import { UnstaleError } from '../../src/errors.js';
import { createHealth } from '../../src/ops/health.js';
import { createLogger } from '../../src/ops/logger.js';
import type { DeadJob } from '../../src/retry/decide.js';
import { type RetryQueue, createRetryQueue } from '../../src/retry/queue.js';
import { type RetryWorkerOptions, createRetryWorker } from '../../src/retry/worker.js';

const log = createLogger({ level: 'silent' });
const backoff = { backoffMs: 20, maxBackoffMs: 100, jitter: 0.5 };
const keyOf = (text: string): CacheKey => text as CacheKey;
const targets = (...keys: string[]): Target[] => keys.map((key) => ({ key: keyOf(key) }));
const failures = (wanted: readonly Target[]) => wanted.map((target) => ({ target, error: 'READONLY' }));
const failed = (...keys: string[]) => failures(targets(...keys));
const until = (condition: () => unknown, timeout = 20_000) =>
  vi.waitFor(condition, { timeout, interval: 20 });

/** A Redis of this file's own, since it is killed, frozen and filled up. */
let servers: LocalServers<'queue'>;
let server: LocalServer;
let admin: Redis;
let client: QueueClient;
let queue: RetryQueue;
let names = 0;
let name: string;
const cleanups: (() => Promise<void>)[] = [];
const unhandled: unknown[] = [];

beforeAll(async () => {
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  servers = await startServers({ set: 'retry-queue', fresh: true, only: ['queue'], progress: 'quiet' });
  server = servers.server('queue');
  admin = new Redis(servers.addresses.queue);
  admin.on('error', () => undefined); // it is killed on purpose
});

afterAll(async () => {
  admin.disconnect();
  await servers.stop();
});

beforeEach(() => {
  name = `test${++names}`;
  client = connectQueue({ url: servers.addresses.queue, name, log, timeoutMs: 1_000 });
  cleanups.push(() => client.close());
  queue = queueWith({});
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  expect(unhandled).toEqual([]);
});

const queueWith = ({ depthMax = 1_000 }: { depthMax?: number }): RetryQueue =>
  createRetryQueue({ ...client, depthMax, backoff, nowMs: Date.now, random: Math.random });

function startWorker(overrides: Partial<RetryWorkerOptions>) {
  const dead: DeadJob[] = [];
  const health = createHealth({ nowMs: () => performance.now() });
  const worker = createRetryWorker({
    startJobs: (process) => client.startWorker({ process }),
    stats: client.stats,
    deleteTargets: () => Promise.resolve([]),
    isOurs: (key): key is CacheKey => !key.startsWith('foreign'),
    deadLetter: (letter) => {
      dead.push(letter);
      return Promise.resolve();
    },
    attemptsMax: 5,
    backoff,
    alert: () => undefined,
    observe: { attempt: () => undefined, deadLetter: () => undefined, stats: () => undefined },
    health: health.stage('retry'),
    log,
    nowMs: Date.now,
    random: Math.random,
    statsEveryMs: 100,
    ...overrides,
  });
  cleanups.push(() => worker.stop());
  return { worker, dead, health };
}

const connected = () => client.checkSafety();
const untilEmpty = (timeout?: number) =>
  until(async () => {
    expect((await client.stats()).depth).toBe(0);
  }, timeout);

describe('The retry queue', () => {
  test('a delete that fails three times and then succeeds leaves an empty queue and no dead letter', async () => {
    await connected();
    const tries: string[][] = [];
    const { dead } = startWorker({
      deleteTargets: (wanted) => {
        tries.push(wanted.map(({ key }) => key));
        return Promise.resolve(tries.length <= 3 ? failures(wanted.filter(({ key }) => key === 'b')) : []);
      },
    });
    await queue.add(failed('a', 'b'), 'invalidate');
    await until(() => {
      expect(tries).toEqual([['a', 'b'], ['b'], ['b'], ['b']]);
    });
    await untilEmpty();
    expect(dead).toEqual([]);
  });

  test('a job leaves the queue only after its dead letter is written, however often that fails', async () => {
    await connected();
    const depths: number[] = [];
    const letters: DeadJob[] = [];
    startWorker({
      attemptsMax: 2,
      deleteTargets: (wanted) => Promise.resolve(failures(wanted)),
      deadLetter: async (letter) => {
        letters.push(letter);
        depths.push((await client.stats()).depth);
        if (letters.length < 3) throw new UnstaleError('KAFKA_UNREACHABLE', 'no broker');
      },
    });
    await queue.add(failed('a', 'b'), 'settle-1');
    await until(() => {
      expect(depths).toEqual([1, 1, 1]);
    });
    await untilEmpty();
    expect(letters[0]).toMatchObject({
      reason: 'RETRIES_EXHAUSTED',
      stage: 'settle-1',
      attempts: 2,
      error: 'READONLY',
    });
    expect(letters[0]?.targets).toEqual(targets('a', 'b'));
  });

  test('an outage of the cache costs no attempt', async () => {
    await connected();
    let calls = 0;
    const { dead } = startWorker({
      attemptsMax: 1,
      deleteTargets: () => {
        calls += 1;
        return calls < 3
          ? Promise.reject(new UnstaleError('REDIS_UNREACHABLE', 'away'))
          : Promise.resolve([]);
      },
    });
    await queue.add(failed('a'), 'invalidate');
    await until(() => {
      expect(calls).toBe(3);
    });
    await untilEmpty();
    expect(dead).toEqual([]);
  });

  test('keys with any characters come out as they went in', async () => {
    await connected();
    const hostile = [
      '\u0000',
      '\ud800 lone',
      '\n\r\t',
      '"\\',
      '*?[a-z]',
      'ключ 🗝',
      '${x}',
      '{unstale}:x',
      '',
      ' ',
    ];
    const wanted: Target[] = [
      ...targets(...hostile),
      ...hostile.map((field) => ({ key: keyOf('hash'), field })),
      ...targets('x'.repeat(300_000)),
    ];
    const seen: Target[] = [];
    startWorker({
      deleteTargets: (batch) => {
        seen.push(...batch);
        return Promise.resolve([]);
      },
    });
    await queue.add(failures(wanted), 'invalidate');
    await untilEmpty();
    const sorted = (list: Target[]) => list.map((target) => JSON.stringify(target)).sort();
    expect(sorted(seen)).toEqual(sorted(wanted));
  });

  test('at depthMax adding is refused', async () => {
    await connected();
    const small = queueWith({ depthMax: 2 });
    await small.add(failed('a'), 'invalidate');
    await small.add(failed('b'), 'invalidate');
    await expect(small.add(failed('c'), 'invalidate')).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect((await client.stats()).depth).toBe(2);
  });

  test('the age of the oldest due job is told', async () => {
    await connected();
    await queue.add(failed('a'), 'invalidate');
    await until(async () => {
      expect(await queue.oldestOverdueMs()).toBeGreaterThan(50);
    });
  });

  test('jobs that nobody can read, and foreign keys, end in dead letters and hold up no others', async () => {
    await connected();
    await client.addJobs([
      { data: { v: 99, keys: ['of a later version'] }, delayMs: 0 },
      { data: { v: 1, targets: [], stage: 7 }, delayMs: 0 },
    ]);
    await queue.add(failed('foreign:1', 'mine'), 'invalidate');
    await client.addJobs([{ data: { marker: 'to be broken' }, delayMs: 0 }]);
    for (const key of await admin.keys(`{unstale}:unstale-${name}-retry:*`)) {
      if (/:\d+$/.test(key) && (await admin.hget(key, 'data'))?.includes('marker'))
        await admin.hset(key, 'data', '{not json');
    }
    const deleted: Target[] = [];
    const { dead } = startWorker({
      deleteTargets: (batch) => {
        deleted.push(...batch);
        return Promise.resolve([]);
      },
    });
    await untilEmpty();
    expect(deleted).toEqual(targets('mine'));
    expect(dead.map(({ reason }) => reason)).toEqual(Array(4).fill('MESSAGE_UNREADABLE'));
    const originals = dead.map(({ original = '' }) => original).join('\n');
    for (const part of ['of a later version', '"stage":7', 'foreign:1', '{not json'])
      expect(originals).toContain(part);
  });

  test('a Redis that evicts is refused, with the command that mends it', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await expect(client.checkSafety()).rejects.toMatchObject({
        code: 'REDIS_UNSAFE',
        message: expect.stringContaining('CONFIG SET maxmemory-policy noeviction') as string,
      });
    } finally {
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
    }
    expect((await client.checkSafety()).warnings).toEqual([]);
  });

  test('a Redis that is out of memory makes adding fail', async () => {
    await connected();
    await queue.add(failed('a'), 'invalidate');
    await admin.config('SET', 'maxmemory', '1');
    try {
      await expect(queue.add(failed('b'), 'invalidate')).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
    } finally {
      await admin.config('SET', 'maxmemory', '0');
    }
    expect((await client.stats()).depth).toBe(1);
  });

  test('a hung Redis makes adding fail in time, holds up no stop, and the job is done afterwards', async () => {
    await connected();
    const seen: string[] = [];
    const deleteTargets: RetryWorkerOptions['deleteTargets'] = (batch) => {
      seen.push(...batch.map(({ key }) => key));
      return Promise.resolve([]);
    };
    await queue.add(failed('before'), 'invalidate');
    const { worker } = startWorker({ deleteTargets });
    await until(() => {
      expect(seen).toContain('before');
    });
    await server.pause();
    try {
      const startedAt = performance.now();
      await expect(queue.add(failed('late'), 'invalidate')).rejects.toMatchObject({
        code: 'QUEUE_UNREACHABLE',
      });
      expect(performance.now() - startedAt).toBeLessThan(2_500);
      const stoppedAt = performance.now();
      await worker.stop();
      expect(performance.now() - stoppedAt).toBeLessThan(5_500);
    } finally {
      await server.resume();
    }
    await until(() => queue.add(failed('after'), 'invalidate'));
    startWorker({ deleteTargets });
    await until(() => {
      expect(seen).toContain('after');
    });
    await untilEmpty();
  });

  test('after Redis was killed and restarted the worker goes on with the jobs that were there', async () => {
    await connected();
    let broken = true;
    const seen = new Set<string>();
    const { health } = startWorker({
      attemptsMax: 1_000,
      deleteTargets: (batch) => {
        if (broken) return Promise.resolve(failures(batch));
        for (const { key } of batch) seen.add(key);
        return Promise.resolve([]);
      },
    });
    await queue.add(failed('before'), 'invalidate');
    await server.kill();
    await until(() => {
      expect(health.states()[0]?.state).toBe('waiting');
    });
    await expect(queue.add(failed('lost?'), 'invalidate')).rejects.toMatchObject({
      code: 'QUEUE_UNREACHABLE',
    });
    broken = false;
    await server.start();
    await until(() => queue.add(failed('after'), 'invalidate'));
    await until(() => {
      expect([...seen].sort()).toEqual(['after', 'before']);
    }, 50_000);
    await untilEmpty();
    await until(() => {
      expect(health.states()[0]?.state).toBe('ready');
    });
  });

  test('a worker that starts while Redis is away begins when it comes', async () => {
    await connected();
    await queue.add(failed('a'), 'invalidate');
    await server.kill();
    const seen: string[] = [];
    startWorker({
      deleteTargets: (batch) => {
        seen.push(...batch.map(({ key }) => key));
        return Promise.resolve([]);
      },
    });
    const late = connectQueue({ url: servers.addresses.queue, name, log, timeoutMs: 500 });
    cleanups.push(() => late.close());
    await expect(late.checkSafety()).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' });
    await server.start();
    await until(() => {
      expect(seen).toEqual(['a']);
    });
    await until(() => late.addJobs([]));
  });

  test('a stop while Redis is away does not wait for it', async () => {
    await connected();
    let resolveJob: (failed: []) => void = () => undefined;
    let taken = false;
    const { worker } = startWorker({
      deleteTargets: () => {
        taken = true;
        return new Promise((resolve) => {
          resolveJob = resolve;
        });
      },
    });
    await queue.add(failed('a'), 'invalidate');
    await until(() => {
      expect(taken).toBe(true);
    });
    await server.kill();
    resolveJob([]); // the job is done, and BullMQ cannot write so
    const reconnectDelaysMs: number[] = [];
    admin.on('reconnecting', (delayMs: number) => reconnectDelaysMs.push(delayMs));
    // By then the worker's connections spend most of their time waiting, too.
    await until(() => {
      expect(Math.max(...reconnectDelaysMs)).toBeGreaterThan(800);
    });
    const startedAt = performance.now();
    await Promise.all([worker.stop(), worker.stop()]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await server.start();
  });

  test('a job whose worker never came to an end is taken up by another', async () => {
    await connected();
    await queue.add(failed('a'), 'invalidate');
    let taken = 0;
    const { worker } = startWorker({
      deleteTargets: () => {
        taken += 1;
        return new Promise(() => undefined);
      },
    });
    await until(() => {
      expect(taken).toBe(1);
    });
    await worker.stop();
    expect((await client.stats()).depth).toBe(1);
    const seen: string[] = [];
    startWorker({
      deleteTargets: (batch) => {
        seen.push(...batch.map(({ key }) => key));
        return Promise.resolve([]);
      },
    });
    await until(() => {
      expect(seen).toEqual(['a']);
    }, 45_000);
    await untilEmpty();
  });

  test('100,000 keys are drained', async () => {
    await connected();
    const keys = Array.from({ length: 100_000 }, (_, index) => `product:${index}:stock`);
    await queue.add(failures(keys.map((key) => ({ key: keyOf(key) }))), 'invalidate');
    let deleted = 0;
    startWorker({
      deleteTargets: (batch) => {
        deleted += batch.length;
        return Promise.resolve([]);
      },
    });
    await until(() => {
      expect(deleted).toBe(keys.length);
    });
    await untilEmpty();
  });
});
