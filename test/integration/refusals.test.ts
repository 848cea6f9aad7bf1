import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type LocalServers, startServers } from '../../infra/local/servers.js';
import { type Finished, type World, createWorld } from '../support/world.js';

describe('unstale refuses', () => {
  let world: World;
  let own: LocalServers<'queue'>;

  beforeAll(async () => {
    own = await startServers({ set: 'refusals', fresh: true, only: ['queue'], progress: 'quiet' });
    world = await createWorld(inject('servers'));
    await world.sql.query(`CREATE TABLE products (id INT PRIMARY KEY, price FLOAT, sku VARCHAR(20));
      CREATE TABLE keyless (id INT)`);
  });
  afterAll(async () => {
    await world.close();
    await own.stop();
  });

  const products = (...keys: unknown[]) => ({ [`${world.id}.products`]: { keys } });
  const run = async (tables: object, overrides: object = {}): Promise<Finished> =>
    world.command('run', '-c', await world.configure(tables, overrides));
  /** In one message, however much is wrong. */
  const expectRefusal = ({ code, stdout, stderr }: Finished, exitCode: number, ...texts: string[]): void => {
    const lines = stderr.trimEnd().split('\n');
    const isLog = lines.every((line) => line.startsWith('{'));
    const fatal = isLog ? lines.filter((line) => line.includes('"level":"fatal"')) : [stderr];
    expect(fatal).toHaveLength(1);
    for (const text of texts) expect(fatal[0]).toContain(text);
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
  };

  test('a configuration with problems, and tells all of them at once', async () => {
    const path = join(world.directory, 'broken.yaml');
    await writeFile(
      path,
      `
name: "no spaces, please"
mysql: { url: "http://localhost", serverId: 0 }
kafka: { brokers: [], topik: x, consumer: { maxPollInterval: soon } }
redis: { url: "redis://localhost:6379/0" }
queue: { url: "redis://localhost:6379/0" }
settle: { after: 2 }
flush: { every: 30s }
tables:
  products: { keys: ["product:{id"] }
`,
    );
    expectRefusal(
      await world.command('run', '-c', path),
      2,
      ...[
        'name',
        'mysql.url',
        'mysql.serverId',
        'kafka.brokers',
        'kafka.consumer.maxPollInterval',
        'queue.url',
      ],
      ...['"topic"', 'settle.after', 'flush', 'tables.products'],
    );
  });

  test.each([
    ['a file that is not there', ['run', '-c', 'nowhere.yaml'], 'nowhere.yaml'],
    ['a stage that it does not know', ['run', '--only', 'tail,settel'], 'settel'],
    ['a command that it does not know', ['rum'], 'rum'],
    ['an option that it does not know', ['run', '--once'], '--once'],
    ['a limit that is no duration', ['lag', '--max', 'soon'], 'soon'],
  ])('%s', async (_, args, text) => {
    const { code, stdout, stderr } = await world.command(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(text);
  });

  test('nothing when it is asked for help', async () => {
    const { code, stdout, stderr } = await world.command('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const word of ['run', 'lag', 'Exit codes']) expect(stdout).toContain(word);
  });

  test('a mapping that does not fit the tables, and tells everything that is wrong with it', async () => {
    const tables = {
      ...products('product:{id}:{price}', 'product:{skku}'),
      [`${world.id}.keyless`]: { keys: ['keyless:{id}'] },
      [`${world.id}.prodcuts`]: { keys: ['product:{id}'] },
    };
    expectRefusal(
      await run(tables),
      2,
      'MAPPING_INVALID',
      'column price is FLOAT',
      'there is no column skku; did you mean \\"sku\\"',
      'neither a primary key nor a unique key',
      `${world.id}.prodcuts: there is no such table`,
    );
  });

  test('a MySQL that refuses it, without telling the password', async () => {
    const url = new URL(world.servers.mysql);
    [url.username, url.password] = ['somebody', 'not-the-password'];
    const finished = await run(products('product:{id}'), { mysql: { url: url.href, serverId: 1 } });
    expectRefusal(finished, 1, 'MYSQL_ACCESS_DENIED', 'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.*');
    expect(finished.stderr).not.toContain('not-the-password');
  });

  test('a queue that may drop jobs', async () => {
    const queue = new Redis(own.addresses.queue);
    await queue.config('SET', 'maxmemory-policy', 'allkeys-lru');
    queue.disconnect();
    expectRefusal(
      await run(products('product:{id}'), { queue: { url: own.addresses.queue } }),
      1,
      'REDIS_UNSAFE',
      'CONFIG SET maxmemory-policy noeviction',
    );
  });

  test('a topic that may lose messages, or has other partitions', async () => {
    const admin = world.kafka.admin();
    await admin.connect();
    const configEntries = [
      { name: 'retention.ms', value: '1000' },
      { name: 'cleanup.policy', value: 'compact' },
    ];
    const topics = [
      { topic: `${world.id}_unsafe`, numPartitions: 3, configEntries },
      { topic: `${world.id}_narrow`, numPartitions: 2 },
    ];
    await admin.createTopics({ waitForLeaders: true, topics });
    await admin.disconnect();
    const [unsafe, narrow] = await Promise.all(
      topics.map(({ topic }) => run(products('product:{id}'), { kafka: { topic } })),
    );
    if (unsafe === undefined || narrow === undefined) throw new Error('both were run');
    expectRefusal(
      unsafe,
      1,
      'KAFKA_TOPIC_UNSAFE',
      'retention.ms is 1000',
      'kafka-configs.sh --alter',
      'cleanup.policy=delete',
    );
    expectRefusal(narrow, 1, 'KAFKA_TOPIC_UNSAFE', 'Set kafka.partitions to 2');
  });
});
