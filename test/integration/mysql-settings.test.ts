import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import { type World, createWorld } from '../support/world.js';

/** Each of them would make changes be missed, or be told wrongly. */
const UNFIT = {
  binlog_format: 'STATEMENT',
  binlog_row_image: 'MINIMAL',
  binlog_row_metadata: 'MINIMAL',
  binlog_transaction_compression: 'ON',
  binlog_row_value_options: 'PARTIAL_JSON',
} as const;
const MENDING = [
  'SET PERSIST binlog_format = ROW;',
  'SET PERSIST binlog_row_image = FULL;',
  'SET PERSIST binlog_row_metadata = FULL;',
  'SET PERSIST binlog_transaction_compression = OFF;',
  "SET PERSIST binlog_row_value_options = '';",
];

/** A MySQL of its own, since its settings change, and since some sessions' events stop every tail of a server. */
let own: LocalServers<'mysql'>;
let world: World;
let path: string;

beforeAll(async () => {
  own = await startServers({ set: 'mysql-settings', fresh: true, only: ['mysql'], progress: 'quiet' });
  world = await createWorld({ ...inject('servers'), ...own.addresses });
  await world.sql.query(
    'CREATE TABLE items (id INT PRIMARY KEY, version INT, data JSON); INSERT INTO items VALUES (1, 0, NULL)',
  );
  path = await world.configure({ [`${world.id}.items`]: { keys: ['item:{id}'] } }, { settle: { after: [] } });
});
afterAll(async () => {
  await world.close();
  await own.stop();
});

describe('a MySQL server', () => {
  test('whose settings do not fit is refused with the statements that mend it, and those do', async () => {
    for (const [name, value] of Object.entries(UNFIT))
      await world.sql.query(`SET GLOBAL ${name} = '${value}'`);
    const { code, stderr } = await world.command('run', '-c', path);
    expect(stderr).toContain('MYSQL_SETTINGS');
    for (const statement of MENDING) expect(stderr).toContain(statement);
    expect(code).toBe(1);
    for (const statement of MENDING) await world.sql.query(statement);
    expect(await (await world.run(path)).stop()).toBe(0);
  });

  test.each([
    ['statements instead of rows', "binlog_format = 'STATEMENT'", 'BINLOG_NOT_BY_ROW'],
    ['only the columns that changed', "binlog_row_image = 'MINIMAL'", 'BINLOG_NOT_BY_ROW'],
    ['compressed transactions', 'binlog_transaction_compression = ON', 'BINLOG_UNDECODABLE'],
  ])('with one session that logs %s stops unstale, loudly', async (_, setting, code) => {
    const unstale = await world.run(path, '--reset-position');
    const session = await world.connect();
    await session.query(`SET SESSION ${setting}; UPDATE items SET version = version + 1`);
    session.destroy();
    expect(await unstale.exited).toBe(1);
    expect(unstale.log()).toContain(code);
    const again = await world.command('run', '-c', path);
    expect(again.code).toBe(1); // it does not step over what it could not read
    expect(again.stderr).toContain(code);
  });
});
