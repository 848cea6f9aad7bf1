import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import {
  type Stocks,
  createStocks,
  orderRun,
  startReconcile,
  untilItWaits,
  untilSaved,
} from '../support/reconcile-faults.js';
import { driftWith } from '../support/reports.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

const ROWS = 3_000;
const RECONCILE = { maxRedisLatency: '1m', chunk: 200, maxRowsPerSecond: 2_000, confirmAfter: '0ms' };

let source: LocalServers<'mysql'>;
let replica: LocalServers<'mysql'>;
let session: Connection;
let world: World;
let stocks: Stocks;
let unstale: UnstaleProcess;

beforeAll(async () => {
  const start = (set: string) => startServers({ set, fresh: true, only: ['mysql'], progress: 'quiet' });
  [source, replica] = await Promise.all([start('test-source'), start('test-replica')]);
  session = await mysql.createConnection({ uri: replica.addresses.mysql, multipleStatements: true });
  await session.query(
    `SET GLOBAL server_id = 2;
     CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${new URL(source.addresses.mysql).port},
       SOURCE_USER = 'root', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1;
     START REPLICA`,
  );
  world = await createWorld({ ...inject('servers'), ...source.addresses });
  stocks = await createStocks(world, ROWS);
  const path = await world.configure(stocks.tables, {
    reconcile: { ...RECONCILE, readFrom: replica.addresses.mysql },
  });
  unstale = await world.run(path);
});
afterAll(async () => {
  session.destroy();
  await world.close();
  await Promise.all([source.stop(), replica.stop()]);
});

/** Rows of the table that this server has read since it started. */
async function rowsRead(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COUNT_READ FROM performance_schema.table_io_waits_summary_by_table
      WHERE OBJECT_SCHEMA = ? AND OBJECT_NAME = 'stocks'`,
    [world.id],
  );
  return Number(rows[0]?.COUNT_READ ?? 0);
}

/** How often the replica was asked how far it is. */
async function looksAtLag(): Promise<number> {
  const [rows] = await session.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Com_show_replica_status'");
  return Number(rows[0]?.Value);
}

/** As an application would change its rows, and its cache with them. */
async function change(ids: string, stock: string): Promise<void> {
  await world.sql.query(`UPDATE stocks SET stock = ${stock} WHERE ${ids}`);
  const [rows] = await world.sql.query<RowDataPacket[]>(`SELECT id, stock FROM stocks WHERE ${ids}`);
  await world.cache.mset(rows.flatMap(({ id, stock: now }) => [`${world.prefix}stock:${id}`, String(now)]));
}

test('tables are read from the replica, and differences confirmed on the source', async () => {
  const before = [await rowsRead(session), await rowsRead(world.sql)] as const;
  await stocks.plant(7, ROWS + 1);
  const report = await orderRun(world);
  expect(report).toMatchObject({ status: 'finished', rows: ROWS, repaired: 2, undecided: 0 });
  expect(report.drift).toEqual(driftWith({ stale: 1, orphan: 1 }));
  expect((await rowsRead(session)) - before[0]).toBeGreaterThanOrEqual(ROWS);
  const onSource = (await rowsRead(world.sql)) - before[1];
  expect(onSource).toBeLessThan(2 * ROWS); // those of the keys that it found, and of the suspects
});

test('a run begins when the replica has caught up, and what that did not know yet is no drift', async () => {
  await session.query('STOP REPLICA SQL_THREAD');
  await change('id <= 500', '4');
  const ended = orderRun(world);
  await untilItWaits(unstale);
  await session.query('START REPLICA SQL_THREAD');
  const report = await ended;
  expect(report).toMatchObject({ status: 'finished', rows: ROWS, undecided: 0, drift: driftWith() });
  expect(report.waitedMs.outage).toBeGreaterThan(0);
});

test('a run pauses while the replica lags, and finds no drift in what is late there', async () => {
  const ended = orderRun(world);
  await untilSaved(world, 'some rows', ({ tally }) => tally.rows > 0);
  await session.query('STOP REPLICA SQL_THREAD');
  const looks = await looksAtLag();
  await until(async () => (await looksAtLag()) >= looks + 3, { what: 'the run to pause' });
  await change('id > 2500', '5');
  await session.query('START REPLICA SQL_THREAD');
  const report = await ended;
  expect(report).toMatchObject({ status: 'finished', rows: ROWS, undecided: 0, drift: driftWith() });
  expect(report.waitedMs.replicaLag).toBeGreaterThan(500);
});

test('a run fails when the replica stands still for too long', async () => {
  const path = await world.configure(stocks.tables, {
    reconcile: { ...RECONCILE, readFrom: replica.addresses.mysql, waitMax: '1s' },
  });
  await unstale.stop();
  const atStart = startReconcile(world, path);
  await untilSaved(world, 'some rows', ({ tally }) => tally.rows > 0);
  await session.query('STOP REPLICA SQL_THREAD');
  const { code, report } = await atStart.ended;
  expect([code, report.status]).toEqual([1, 'failed']);
  expect(report.reason).toContain('the replica lags more than reconcile.maxReplicaLag');

  await world.sql.query('UPDATE stocks SET stock = 6 WHERE id = 1');
  const { report: notBegun } = await startReconcile(world, path).ended;
  expect(notBegun).toMatchObject({ status: 'failed', rows: 0 });
  expect(notBegun.reason).toContain(`${new URL(replica.addresses.mysql).host} has not caught up`);
});
