import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import { untilDone } from '../support/progress.js';
import { type World, createWorld } from '../support/world.js';

/** A MySQL of its own, whose binlogs are deleted and whose GTIDs are turned off. */
let own: LocalServers<'mysql'>;
let world: World;
let path: string;

beforeAll(async () => {
  own = await startServers({ set: 'position', fresh: true, only: ['mysql'], progress: 'quiet' });
});
afterAll(() => own.stop());

const openWorld = async (): Promise<void> => {
  world = await createWorld({ ...inject('servers'), ...own.addresses });
  await world.sql.query(
    'CREATE TABLE items (id INT PRIMARY KEY, version INT); INSERT INTO items VALUES (1, 0), (2, 0)',
  );
  path = await world.configure({ [`${world.id}.items`]: { keys: ['item:{id}'] } }, { settle: { after: [] } });
};
const change = (id: number) => world.sql.query('UPDATE items SET version = version + 1 WHERE id = ?', [id]);
const expectChangeDeletes = async (id: number): Promise<void> => {
  await world.fill(`item:${id}`);
  await change(id);
  await world.untilGone(`item:${id}`);
};
const expectLost = async (why: string): Promise<void> => {
  const { code, stderr } = await world.command('run', '-c', path);
  expect(stderr).toContain('POSITION_LOST');
  expect(stderr).toContain(why);
  expect(stderr).toContain('unstale run --reset-position');
  expect(code).toBe(1);
};
/** As a network does that breaks. */
const killDumpThreads = async (): Promise<void> => {
  const [threads] = await world.sql.query<RowDataPacket[]>(
    "SELECT id FROM performance_schema.processlist WHERE command LIKE 'Binlog Dump%'",
  );
  for (const thread of threads) await world.sql.query('KILL ?', [thread.id]);
};
/** Run, changed, stopped: there is a checkpoint, and it is at the end. */
const runOnce = async (): Promise<void> => {
  const unstale = await world.run(path);
  await expectChangeDeletes(1);
  expect(await unstale.stop()).toBe(0);
};

describe('a position', () => {
  beforeEach(async () => {
    await openWorld();
    await runOnce();
    return () => world.close();
  });

  test('whose binlogs were purged meanwhile is lost, until it is given up', async () => {
    await world.fill('item:2');
    await change(2);
    await world.sql.query('FLUSH BINARY LOGS');
    const [[status]] = await world.sql.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    await world.sql.query('PURGE BINARY LOGS TO ?', [status?.File]);
    await expectLost('the server has deleted binlogs');
    await expectLost('the server has deleted binlogs'); // and stays so
    const unstale = await world.run(path, '--reset-position');
    expect(unstale.log()).toContain('reading the binlog');
    await expectChangeDeletes(1);
    expect(await world.present('item:2')).toEqual(['item:2']); // what was missed is left to whoever gave it up
    expect(await unstale.stop()).toBe(0);
    await world.run(path); // the new position is one like any other
    await expectChangeDeletes(2);
  });

  test('that the server has not reached, as after a restore, is lost', async () => {
    await world.sql.query('RESET BINARY LOGS AND GTIDS');
    await change(2);
    await expectLost('the server lacks transactions');
    await world.run(path, '--reset-position');
    await expectChangeDeletes(2);
  });

  test('is lost if its checkpoint is, while the topic shows that there was one', async () => {
    const admin = world.kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${world.id}.checkpoint`] });
    await admin.disconnect();
    await expectLost('there is no checkpoint');
    await world.run(path, '--reset-position');
    await expectChangeDeletes(2);
  });

  test('is where a process that was killed goes on', async () => {
    const unstale = await world.run(path);
    await expectChangeDeletes(2);
    await untilDone(world);
    unstale.kill('SIGKILL');
    await unstale.exited;
    await world.fill('item:1');
    await change(1);
    await world.sql.query('FLUSH BINARY LOGS'); // the rest lies in the next file
    await world.fill('item:2');
    await change(2);
    await world.run(path);
    await world.untilGone('item:1', 'item:2');
  });
});

describe('without GTIDs', () => {
  beforeAll(async () => {
    await openWorld();
    await runOnce();
    for (const mode of ['ON_PERMISSIVE', 'OFF_PERMISSIVE', 'OFF'])
      await world.sql.query(`SET GLOBAL gtid_mode = ${mode}`);
  });
  afterAll(() => world.close());

  test('a position that is a GTID set is lost', async () => {
    await expectLost('is not one of this server');
  });

  test('changes are deleted, and a restart goes on where the file was left, over file ends', async () => {
    const first = await world.run(path, '--reset-position');
    await expectChangeDeletes(1);
    await world.sql.query('FLUSH BINARY LOGS');
    await expectChangeDeletes(2);
    expect(await first.stop()).toBe(0);
    await world.fill('item:1', 'item:2');
    await change(1);
    await world.sql.query('FLUSH BINARY LOGS; FLUSH BINARY LOGS');
    await change(2);
    const second = await world.run(path);
    await world.untilGone('item:1', 'item:2');
    expect(await second.metric(`unstale_tail_rows_total{table="${world.id}.items"}`)).toBe(2);
    await killDumpThreads();
    await expectChangeDeletes(1);
    expect(await second.metric('unstale_tail_sessions_total')).toBe(2);
    expect(await second.stop()).toBe(0);
  });

  test('a file that was purged is a lost position', async () => {
    const unstale = await world.run(path);
    expect(await unstale.stop()).toBe(0);
    await world.sql.query('FLUSH BINARY LOGS');
    const [[status]] = await world.sql.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    await world.sql.query('PURGE BINARY LOGS TO ?', [status?.File]);
    await expectLost('the server has deleted binlogs');
  });

  test('a position is lost if GTIDs are turned on behind it before all is read', async () => {
    const unstale = await world.run(path, '--reset-position');
    expect(await unstale.stop()).toBe(0);
    await change(1);
    await own.server('mysql').restart(); // with its own settings
    await expectLost('GTID_MODE');
  });
});
