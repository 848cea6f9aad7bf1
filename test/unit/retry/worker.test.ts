import { describe, expect, test } from 'vitest';
import type { CacheKey } from '../../../src/domain/cache-key.js';
import { UnstaleError } from '../../../src/errors.js';
import { createHealth } from '../../../src/ops/health.js';
import { createLogger } from '../../../src/ops/logger.js';
import { type JobOutcome, type RetryWorkerOptions, createRetryWorker } from '../../../src/retry/worker.js';

const job = {
  v: 1,
  targets: [{ key: 'a' }, { key: 'b' }],
  stage: 's',
  firstFailedAtMs: 1,
  attempts: 0,
  error: 'x',
};
const allFail: RetryWorkerOptions['deleteTargets'] = (targets) =>
  Promise.resolve(targets.map((target) => ({ target, error: 'READONLY' })));

/** What happens, in order, when a worker is given one job. */
async function run(data: unknown, overrides: Partial<RetryWorkerOptions>) {
  const events: string[] = [];
  let process: (data: unknown) => Promise<JobOutcome> = () => Promise.reject(new Error('not started'));
  const health = createHealth({ nowMs: () => 0 });
  const worker = createRetryWorker({
    startJobs: (given) => {
      process = given;
      return { stop: () => Promise.resolve() };
    },
    stats: () => Promise.resolve({ depth: 1, oldestOverdueMs: 0 }),
    deleteTargets: () => Promise.resolve([]),
    isOurs: (key): key is CacheKey => !key.startsWith('foreign'),
    deadLetter: ({ reason }) => {
      events.push(`dead letter ${reason}`);
      return Promise.resolve();
    },
    attemptsMax: 1,
    backoff: { backoffMs: 100, maxBackoffMs: 1_000, jitter: 0 },
    alert: () => events.push('alert'),
    observe: {
      attempt: () => undefined,
      deadLetter: (reason) => events.push(`counted ${reason}`),
      stats: () => undefined,
    },
    health: health.stage('retry'),
    log: createLogger({ level: 'silent' }),
    nowMs: () => 0,
    random: () => 0,
    ...overrides,
  });
  const outcome = await process(data);
  const [state] = health.states();
  await worker.stop();
  return { events, outcome, state };
}

describe('The retry worker', () => {
  test('tells people only after Kafka has the dead letter, and only then ends the job', async () => {
    const { events, outcome } = await run(job, { deleteTargets: allFail });
    expect(events).toEqual(['dead letter RETRIES_EXHAUSTED', 'counted RETRIES_EXHAUSTED', 'alert']);
    expect(outcome).toBe('done');
  });

  test('keeps the job and says so while the dead letter cannot be written', async () => {
    const { events, outcome, state } = await run(job, {
      deleteTargets: allFail,
      deadLetter: () => Promise.reject(new UnstaleError('KAFKA_UNREACHABLE', 'no broker')),
    });
    expect(events).toEqual([]);
    expect(outcome).toMatchObject({ data: { targets: job.targets, attempts: 1 }, delayMs: 100 });
    expect(state).toMatchObject({ state: 'waiting', reason: expect.stringContaining('no broker') as string });
  });

  test('keeps a job that it cannot read while the dead letter cannot be written', async () => {
    const deadLetter = () => Promise.reject(new Error('no broker'));
    expect((await run({ v: 2 }, { deadLetter })).outcome).toEqual({ delayMs: 1_000 });
  });

  test('buries foreign keys, and deletes the others of the same job', async () => {
    const deleted: string[] = [];
    const { events, outcome } = await run(
      { ...job, targets: [{ key: 'foreign' }, { key: 'mine' }] },
      {
        deleteTargets: (targets) => {
          deleted.push(...targets.map(({ key }) => key));
          return Promise.resolve([]);
        },
      },
    );
    expect(deleted).toEqual(['mine']);
    expect(events[0]).toBe('dead letter MESSAGE_UNREADABLE');
    expect(outcome).toBe('done');
  });

  test('counts an error that nobody expected as a failure of all targets', async () => {
    const { outcome } = await run(job, {
      attemptsMax: 2,
      deleteTargets: () => Promise.reject(new TypeError('a bug')),
    });
    expect(outcome).toMatchObject({ data: { targets: job.targets, attempts: 1, error: 'a bug' } });
  });
});
