import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LocalServer, type LocalServers, startServers } from '../../infra/local/servers.js';
import {
  type ReconcileQueue,
  type Schedule,
  connectReconcileQueue,
} from '../../src/clients/reconcile-queue.js';
import type { RunJob, RunOutcome } from '../../src/clients/reconcile-worker.js';
import { createLogger } from '../../src/ops/logger.js';
import { Cancelled } from '../../src/reconcile/reconciler.js';
import { until } from '../support/until.js';

const log = createLogger({ level: 'silent' });
const HOUR_MS = 3_600_000;
const NOTHING = { skipMissed: false };
const every = (everyMs: number): Schedule => ({ kind: 'every', everyMs });

/** A Redis of this file's own, since it is killed and frozen. */
let servers: LocalServers<'queue'>;
let server: LocalServer;
let admin: Redis;
let names = 0;
let name: string;
let queue: ReconcileQueue;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  servers = await startServers({ set: 'reconcile-queue', fresh: true, only: ['queue'], progress: 'quiet' });
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
  queue = connect();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** As another process would. */
function connect(): ReconcileQueue {
  const connected = connectReconcileQueue({ url: servers.addresses.queue, name, log });
  closers.push(() => connected.close());
  return connected;
}

interface Run {
  readonly data: unknown;
  readonly startedAtMs: number;
  endedAtMs: number;
}

/** A process that works on runs, and takes down when. */
function startWorker(work: (job: RunJob) => Promise<RunOutcome>, runs: Run[] = []) {
  const worker = connect().startWorker(async (job) => {
    const run: Run = { data: job.data, startedAtMs: Date.now(), endedAtMs: Number.POSITIVE_INFINITY };
    runs.push(run);
    try {
      return await work(job);
    } finally {
      run.endedAtMs = Date.now();
    }
  });
  closers.push(() => worker.stop());
  return { runs, stop: () => worker.stop() };
}

const done = (job: RunJob): Promise<RunOutcome> => Promise.resolve({ reportId: `report of ${job.id}` });
const taking = (ms: number) => (job: RunJob) => sleep(ms).then(() => done(job));
/** Until it is told to end; what was saved is the order itself. */
const untilTold = async ({ data, save, signal }: RunJob): Promise<RunOutcome> => {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve);
  });
  await save({ was: data });
  return signal.reason instanceof Cancelled ? { reportId: 'cancelled' } : 'again';
};

const key = (part: string): string => `{unstale}:unstale-${name}-reconcile:${part}`;
const untilRuns = (runs: readonly Run[], count: number) =>
  until(() => runs.length >= count, { what: `${count} runs, of which ${runs.length} came` });
const untilDone = (id: string, other: ReconcileQueue = queue) =>
  until(async () => (await other.view(id)).state === 'done', { what: `the run ${id}` });
const untilRunning = (id: string) =>
  until(async () => (await queue.view(id)).state === 'running', { what: `the run ${id} to begin` });

describe('a schedule', () => {
  test('begins an interval from now, not at once, and runs again and again', async () => {
    const setAtMs = Date.now();
    await queue.schedule('full', every(400), { scope: 'full' }, NOTHING);
    const { runs } = startWorker(done);
    await untilRuns(runs, 3);
    expect((runs[0]?.startedAtMs ?? 0) - setAtMs).toBeGreaterThanOrEqual(400);
    expect(runs.map(({ data }) => data)).toEqual(Array(3).fill({ scope: 'full' }));
    expect((runs[2]?.startedAtMs ?? 0) - (runs[0]?.startedAtMs ?? 0)).toBeGreaterThan(600);
  });

  test('keeps its times when another process sets it once more, and takes over what it orders', async () => {
    await queue.schedule('full', every(HOUR_MS), { repair: true }, NOTHING);
    const next = await admin.zscore(key('repeat'), 'full');
    await connect().schedule('full', every(HOUR_MS), { repair: false }, NOTHING);
    expect(await admin.zscore(key('repeat'), 'full')).toBe(next);
    expect(await admin.hget(key(`repeat:full:${String(next)}`), 'data')).toBe('{"repair":false}');
  });

  test('with another interval replaces the one before, which leaves nothing behind', async () => {
    await queue.schedule('full', every(HOUR_MS), { n: 1 }, NOTHING);
    await queue.schedule('full', every(300), { n: 2 }, NOTHING);
    await sleep(700); // nobody works: a run is missed, and the next is found from the interval alone
    const { runs } = startWorker(done);
    await untilRuns(runs, 3);
    expect(runs.map(({ data }) => data)).toEqual(Array(3).fill({ n: 2 }));
    expect(await admin.zcard(key('repeat'))).toBe(1);
    expect(await admin.zcard(key('delayed'))).toBe(1);
  });

  test('may be a cron expression, which takes the place of an interval', async () => {
    await queue.schedule('full', every(HOUR_MS), { n: 1 }, NOTHING);
    await queue.schedule('full', { kind: 'cron', pattern: '* * * * * *' }, { n: 2 }, NOTHING);
    const { runs } = startWorker(done);
    await untilRuns(runs, 2);
    expect(runs.map(({ data }) => data)).toEqual([{ n: 2 }, { n: 2 }]);
  });

  test('that is no cron expression is refused, not tried for ever', async () => {
    const refused = queue.schedule('full', { kind: 'cron', pattern: '99 3 * * *' }, {}, NOTHING);
    await expect(refused).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(refused).rejects.toThrow('reconcile.cron: "99 3 * * *" is no cron expression');
  });

  test('that is never again takes with it what it has ordered, but not what is under way', async () => {
    await queue.schedule('full', every(200), {}, NOTHING);
    const { runs } = startWorker(taking(600));
    startWorker(taking(600), runs);
    await untilRuns(runs, 1);
    await until(async () => (await admin.llen(key('wait'))) === 1, { what: 'the next to be due' });
    await queue.schedule('full', { kind: 'never' }, {}, NOTHING);
    await until(async () => (await admin.zcard(key('completed'))) === 1, { what: 'the first to end' });
    expect(await admin.zcard(key('repeat'))).toBe(0);
    expect(await admin.llen(key('wait'))).toBe(0);
    expect(runs).toHaveLength(1);
  });

  test('makes up, once, for runs that fell due while no process ran, or leaves them out', async () => {
    await queue.schedule('made up', every(10 * HOUR_MS), { kind: 'made up' }, NOTHING);
    await queue.schedule('left out', every(10 * HOUR_MS), { kind: 'left out' }, NOTHING);
    for (const id of ['made up', 'left out']) await pretendDue(id);
    await queue.schedule('made up', every(10 * HOUR_MS), { kind: 'made up' }, NOTHING);
    await queue.schedule('left out', every(10 * HOUR_MS), { kind: 'left out' }, { skipMissed: true });
    const { runs } = startWorker(done);
    await untilRuns(runs, 1);
    const last = await queue.add({ kind: 'ordered after them' });
    await untilDone(last);
    expect(runs.map(({ data }) => data)).toEqual([{ kind: 'made up' }, { kind: 'ordered after them' }]);
    expect(await admin.zcount(key('repeat'), Date.now() + 8 * HOUR_MS, '+inf')).toBe(2);
  });

  /** As if the time of its next run had come an hour ago. */
  async function pretendDue(id: string): Promise<void> {
    const next = String(await admin.zscore(key('repeat'), id));
    const due = String(Date.now() - HOUR_MS);
    await admin
      .multi()
      .zadd(key('repeat'), due, id)
      .zrem(key('delayed'), `repeat:${id}:${next}`)
      .zadd(key('delayed'), String(BigInt(due) * 4096n), `repeat:${id}:${due}`)
      .rename(key(`repeat:${id}:${next}`), key(`repeat:${id}:${due}`))
      .exec();
  }
});

describe('runs', () => {
  test('are one at a time over all processes', async () => {
    const runs: Run[] = [];
    const workers = [
      startWorker(taking(60), runs),
      startWorker(taking(60), runs),
      startWorker(taking(60), runs),
    ];
    const ids = await Promise.all(Array.from({ length: 9 }, (_, n) => connect().add({ n })));
    for (const id of ids) await untilDone(id);
    expect(runs).toHaveLength(9);
    const ends = runs.map(({ startedAtMs, endedAtMs }) => [startedAtMs, endedAtMs] as const).sort();
    const overlaps = ends.filter(([startedAtMs], index) => startedAtMs < (ends[index - 1]?.[1] ?? 0));
    expect(overlaps).toEqual([]);
    await Promise.all(workers.map(({ stop }) => stop()));
  });

  test('that are ordered first wait for the one under way, and for no other', async () => {
    const { runs } = startWorker(taking(300));
    await queue.add({ n: 1 });
    await untilRuns(runs, 1);
    const scheduled = await queue.add({ n: 2 });
    await queue.add({ n: 3 }, { first: true });
    await untilDone(scheduled);
    expect(runs.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 3 }, { n: 2 }]);
  });

  test('that are to be once are so for all processes that start together', async () => {
    const added = await Promise.all([1, 2, 3].map((n) => connect().addOnce('start', { n })));
    expect(added.filter(Boolean)).toHaveLength(1);
    const { runs } = startWorker(done);
    await untilRuns(runs, 1);
    await until(async () => (await admin.zcard(key('completed'))) === 1, { what: 'it to end' });
    expect(await queue.addOnce('start', { n: 4 })).toBe(false); // a process that came a little later
    await admin.pexpire(key('lately:start'), 1);
    await until(() => queue.addOnce('start', { n: 5 }), { what: 'one of the next start' });
    await untilRuns(runs, 2);
    expect(runs.at(1)?.data).toEqual({ n: 5 });
  });

  test('that are to be once are not doubled by a start after a crash', async () => {
    expect(await queue.addOnce('start', {})).toBe(true);
    await admin.del(key('lately:start')); // long ago
    expect(await queue.addOnce('start', {})).toBe(false);
    expect(await admin.llen(key('wait'))).toBe(1);
  });

  test('whose data is garbage end without a report, and hold up no other', async () => {
    const garbage = await queue.add({});
    await admin.hset(key(garbage), 'data', 'no JSON {');
    const next = await queue.add({ n: 2 });
    const found: unknown[] = [];
    startWorker((job) => {
      found.push(job.data);
      return job.id === garbage ? Promise.reject(new Error('no order')) : done(job);
    });
    await untilDone(next);
    expect(await admin.hget(key(garbage), 'failedReason')).toBe('no order');
    expect(found).toEqual([{ notJson: 'no JSON {' }, { n: 2 }]);
  });

  test('are cancelled while they are under way, and are gone where nobody has begun', async () => {
    const { runs } = startWorker(untilTold);
    const underWay = await queue.add({});
    const waiting = await queue.add({});
    await untilRuns(runs, 1);
    await queue.cancel(waiting);
    expect(await queue.view(waiting)).toEqual({ state: 'gone' });
    await queue.cancel(underWay);
    await untilDone(underWay);
    expect(await queue.view(underWay)).toEqual({ state: 'done', reportId: 'cancelled' });
    expect(runs).toHaveLength(1);
  });
});

describe('a process that stops', () => {
  test('leaves its run, as it was saved last, to another at once', async () => {
    const id = await queue.add({ n: 1 });
    const first = startWorker(untilTold);
    await untilRunning(id);
    const second = startWorker(done);
    const stoppedAtMs = Date.now();
    await first.stop();
    await untilDone(id);
    expect(Date.now() - stoppedAtMs).toBeLessThan(2_000);
    expect(second.runs.map(({ data }) => data)).toEqual([{ was: { n: 1 } }]);
  });

  test('does not wait for a run that does not end', async () => {
    const id = await queue.add({ n: 1 });
    const first = startWorker(() => new Promise(() => undefined));
    await untilRunning(id);
    const stoppedAtMs = Date.now();
    await first.stop();
    const { runs } = startWorker(done);
    await untilDone(id);
    expect(Date.now() - stoppedAtMs).toBeLessThan(5_000); // and not as long as one that died
    expect(runs.map(({ data }) => data)).toEqual([{ n: 1 }]);
  });

  test('does not wait for a Redis that hangs, nor does anybody who asks the queue', async () => {
    const id = await queue.add({ n: 1 });
    const { stop } = startWorker(untilTold);
    await untilRunning(id);
    await server.pause();
    const pausedAtMs = Date.now();
    try {
      await Promise.all([
        stop(),
        expect(queue.view(id)).rejects.toMatchObject({ code: 'QUEUE_UNREACHABLE' }),
      ]);
      expect(Date.now() - pausedAtMs).toBeLessThan(6_000);
    } finally {
      await server.resume();
    }
  });

  test('does not wait for a Redis that is away', async () => {
    const id = await queue.add({ n: 1 });
    const { stop } = startWorker(untilTold);
    await untilRunning(id);
    await server.kill();
    const killedAtMs = Date.now();
    try {
      await stop();
      expect(Date.now() - killedAtMs).toBeLessThan(5_000);
    } finally {
      await server.start();
    }
  });
});

test('a run that another process was given is left alone, and its state is not overwritten', async () => {
  const id = await queue.add({ n: 1 });
  const saves: string[] = [];
  startWorker(async ({ save, leaving }) => {
    await until(async () => (await admin.get(key(`${id}:lock`))) === 'another', {
      what: 'the lock to be lost',
    });
    await save({ n: 2 }).catch((error: unknown) => saves.push(String(error)));
    return leaving.aborted ? 'again' : { reportId: 'mine' };
  });
  await untilRunning(id);
  await admin.set(key(`${id}:lock`), 'another');
  await until(() => saves.length === 1, { what: 'the run to be left' });
  expect(saves).toEqual(['Error: the run is in other hands by now']);
  expect(await admin.hget(key(id), 'data')).toBe('{"n":1}');
  expect(await queue.view(id)).toMatchObject({ state: 'running' });
});

test('what is remembered outlives the process, and what cannot be read counts as nothing', async () => {
  await queue.remember('undecided', [{ key: 'a' }]);
  expect(await connect().recall('undecided')).toEqual([{ key: 'a' }]);
  await admin.set(key('memory:undecided'), 'no JSON {');
  expect(await queue.recall('undecided')).toBeUndefined();
  expect(await queue.recall('something else')).toBeUndefined();
});
