import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import type { LagReport } from '../../src/ops/lag.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

/** A MySQL of its own: on a shared one there is always something newer than the checkpoint. */
let own: LocalServers<'mysql'>;
let world: World;
let path: string;

beforeAll(async () => {
  own = await startServers({ set: 'lag', fresh: true, only: ['mysql'], progress: 'quiet' });
  world = await createWorld({ ...inject('servers'), ...own.addresses });
  await world.sql.query(
    'CREATE TABLE items (id INT PRIMARY KEY, version INT); INSERT INTO items VALUES (1, 0)',
  );
  path = await world.configure({ [`${world.id}.items`]: { keys: ['item:{id}'] } });
});
afterAll(async () => {
  await world.close();
  await own.stop();
});

const lag = async (): Promise<LagReport> => {
  const { code, stdout, stderr } = await world.command('lag', '--json', '-c', path);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as LagReport;
};

test('before the first start there is no position, which --max finds too late', async () => {
  const report = await lag();
  expect(report).toMatchObject({ tail: { seconds: null, bytes: null, position: null }, deadLetters: 0 });
  expect((await world.command('lag', '--max', '1h', '-c', path)).code).toBe(3);
});

test('while unstale runs and nothing changes, nothing lags', async () => {
  const unstale = await world.run(path);
  await world.fill('item:1');
  await world.sql.query('UPDATE items SET version = 1');
  await world.untilGone('item:1');
  const idle = async (): Promise<LagReport | false> => {
    const report = await lag();
    return report.tail.seconds === 0 && report.groups.every(({ messages }) => messages === 0) && report;
  };
  const report = await until(idle, { what: 'all stages to be at the end' });
  expect(report).toMatchObject({
    tail: { seconds: 0, bytes: 0, position: expect.stringContaining('binlog.') as string },
    groups: [
      { stage: 'invalidate', group: `${world.id}-group`, messages: 0 },
      { stage: 'settle-1', group: `${world.id}-group-settle-1`, messages: 0 },
    ],
    retry: { jobs: 0, oldestOverdueSeconds: 0 },
    deadLetters: 0,
  });
  expect(await world.command('lag', '--max', '1s', '-c', path)).toMatchObject({ code: 0, stderr: '' });
  expect(await unstale.stop()).toBe(0);
});

test('while it is down and rows change, the tail lags, in seconds and bytes, and --max says so', async () => {
  await world.sql.query(
    "UPDATE items SET version = 2; SET @text = REPEAT('x', 5000); UPDATE items SET version = 3",
  );
  const { tail } = await until(
    async () => {
      const report = await lag();
      return (report.tail.seconds ?? 0) > 1 && report;
    },
    { what: 'the tail to be more than a second behind' },
  );
  expect(tail.bytes).toBeGreaterThan(100);
  const found = await world.command('lag', '--max', '1s', '-c', path);
  expect(found.code).toBe(3);
  expect(found.stderr).toMatch(/the tail is \d+\.\d s behind/);
  expect(found.stdout).toContain('tail');
  expect((await world.command('lag', '--max', '1h', '-c', path)).code).toBe(0);
});

test('messages that no stage has handled, retries and dead letters are counted', async () => {
  const producer = world.kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: 5 }, () => ({ value: 'nobody can read this', partition: 2 }));
  await producer.send({ topic: world.topic, messages });
  await producer.disconnect();
  const before = await lag();
  expect(before.groups.map((group) => group.messages)).toEqual([5, 5]);
  expect(before.deadLetters).toBe(0);
  await world.run(path, '--only', 'invalidate');
  const after = await until(
    async () => {
      const report = await lag();
      return report.groups[0]?.messages === 0 && report;
    },
    { what: 'the first group to be at the end' },
  );
  expect(after.groups[1]?.messages).toBe(5);
  expect(after.deadLetters).toBe(5);
});
