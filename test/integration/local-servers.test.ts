import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import mysql from 'mysql2/promise';
import { afterAll, afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import type { ServerName } from '../../infra/local/addresses.js';
import { setPaths } from '../../infra/local/paths.js';
import { type StartOptions, startServers, useServers } from '../../infra/local/servers.js';
import { until } from '../support/until.js';

/** What was opened, to be closed in reverse order. */
const cleanups: (() => unknown)[] = [];

/** Removed with all they hold when this file is through. */
const SETS = `self-test-${process.pid}`;
const set = (name: string) => `${SETS}-${name}`;

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(async () => {
  const parent = path.dirname(setPaths(SETS).root);
  const own = readdirSync(parent).filter((name) => name.startsWith(SETS));
  await Promise.all(own.map((name) => rm(path.join(parent, name), { recursive: true })));
});

async function start<Name extends ServerName>(options: StartOptions<Name>) {
  const servers = await startServers({ native: true, progress: 'quiet', ...options });
  cleanups.push(() => servers.stop());
  return servers;
}

function redis(url: string): Redis {
  const client = new Redis(url, { retryStrategy: () => null });
  client.on('error', () => undefined);
  cleanups.push(() => {
    client.disconnect();
  });
  return client;
}

async function sql(url: string): Promise<mysql.Connection> {
  const connection = await mysql.createConnection(url);
  connection.on('error', () => undefined);
  cleanups.push(() => {
    connection.destroy();
  });
  return connection;
}

describe('the servers that tests are given', () => {
  test('log rows in full, and with GTIDs', async () => {
    const [rows] = await (
      await sql(inject('servers').mysql)
    ).query(
      `SELECT @@binlog_format AS format, @@gtid_mode AS gtid,
              @@binlog_row_image AS image, @@binlog_row_metadata AS metadata, @@enforce_gtid_consistency AS enforced`,
    );

    expect(rows).toEqual([{ format: 'ROW', gtid: 'ON', image: 'FULL', metadata: 'FULL', enforced: 'ON' }]);
  });

  test('never drop a job from the queue to make room', async () => {
    const queue = redis(inject('servers').queue);

    expect(await queue.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await queue.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
  });

  test('have only those Kafka topics that somebody created', async () => {
    const admin = new Kafka({ brokers: inject('servers').kafka, logLevel: logLevel.NOTHING }).admin();
    cleanups.push(() => admin.disconnect());
    await admin.connect();

    const asked = admin.fetchTopicMetadata({ topics: ['nobody-created-this'] });

    await expect(asked).rejects.toThrow('This server does not host this topic-partition');
  });
});

// Elsewhere the servers run in containers only.
describe.runIf(existsSync('/usr/bin/apt-get'))('local servers', () => {
  describe('sets', () => {
    test('run side by side, each with data of its own', async () => {
      const [one, two] = await Promise.all([
        start({ set: set('one'), fresh: true, only: ['cache'] }),
        start({ set: set('two'), fresh: true, only: ['cache'] }),
      ]);
      await redis(one.addresses.cache).set('key', 'of one');

      expect(await redis(two.addresses.cache).get('key')).toBeNull();
    });

    test('of which one keeps its data is refused to a second process', async () => {
      const name = set('kept');
      await start({ set: name, only: ['cache'] });

      await expect(start({ set: name, only: ['cache'] })).rejects.toThrow(/Another process uses the set/);
    });

    test('that are fresh take another name while theirs is in use', async () => {
      const options: StartOptions<'cache'> = { set: set('fresh'), fresh: true, only: ['cache'] };
      const servers = await Promise.all([start(options), start(options), start(options)]);

      expect(new Set(servers.map(({ addresses }) => addresses.cache)).size).toBe(3);
    });

    test('keep their data from one start to the next', async () => {
      const name = set('again');
      const first = await start({ set: name, only: ['mysql', 'queue'] });
      await (await sql(first.addresses.mysql)).query('CREATE DATABASE kept');
      await redis(first.addresses.queue).set('job', '1');
      await first.stop();

      const second = await start({ set: name, only: ['mysql', 'queue'] });

      const [databases] = await (await sql(second.addresses.mysql)).query("SHOW DATABASES LIKE 'kept'");
      expect(databases).toHaveLength(1);
      expect(await redis(second.addresses.queue).get('job')).toBe('1');
    });
  });

  describe('a single server', () => {
    test('comes back from SIGKILL with the same port and the same data', async () => {
      const servers = await start({ set: set('kill'), fresh: true, only: ['mysql'] });
      await (await sql(servers.addresses.mysql)).query('CREATE DATABASE kept');
      const server = servers.server('mysql');
      const firstPid = server.pid;

      await server.kill();
      await expect(mysql.createConnection(servers.addresses.mysql)).rejects.toThrow(/ECONNREFUSED/);
      await server.start();

      const [databases] = await (await sql(servers.addresses.mysql)).query("SHOW DATABASES LIKE 'kept'");
      expect(databases).toHaveLength(1);
      expect(server.pid).not.toBe(firstPid);
    });

    test('answers nothing while it is paused, and then goes on', async () => {
      const servers = await start({ set: set('pause'), fresh: true, only: ['cache'] });
      const client = redis(servers.addresses.cache);
      await client.ping();

      await servers.server('cache').pause();
      const answer = client.ping();
      const first = await Promise.race([
        answer,
        new Promise((resolve) => setTimeout(resolve, 200, 'nothing')),
      ]);
      await servers.server('cache').resume();

      expect(first).toBe('nothing');
      expect(await answer).toBe('PONG');
    });

    test('that ends unasked is told of', async () => {
      const onLost = vi.fn();
      const servers = await start({ set: set('lost'), fresh: true, only: ['cache'], onLost });

      process.kill(servers.server('cache').pid ?? 0, 'SIGKILL');

      await until(() => onLost.mock.calls.length > 0, { what: 'word of the lost server' });
      expect(onLost).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^Redis .* was ended by SIGKILL/));
    });
  });

  describe('a start that fails', () => {
    test('shows the end of the log and leaves no process', async () => {
      const name = set('broken');
      const { data, log } = setPaths(name);
      // A folder that is there counts as a database, which this is not.
      await mkdir(data('mysql'), { recursive: true });
      await writeFile(`${data('mysql')}/ibdata1`, 'not a database');
      const before = descendantsOf(process.pid);

      const failure = start({ set: name, only: ['mysql', 'cache'] });

      await expect(failure).rejects.toThrow(/^MySQL \S+ ended with exit code 1.*\n.*\[ERROR\]/s);
      await expect(failure).rejects.toThrow(log('mysql'));
      expect(descendantsOf(process.pid)).toEqual(before);
    });
  });

  describe('npm run servers', () => {
    test('prints one line of JSON with the addresses, and on Ctrl-C stops in order', async () => {
      const run = await startCli('node', CLI);
      expect(run.line).toMatch(
        /^\{"cache":"redis:\/\/127\.0\.0\.1:\d+\/0","queue":"redis:\/\/127\.0\.0\.1:\d+\/0"\}$/,
      );

      // As the terminal does it: to the whole group in the foreground.
      process.kill(-(run.child.pid ?? 0), 'SIGINT');

      expect(await run.ended).toBe(0);
      await expectGone(run.pids);
    });

    test.each(['SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('leaves no process after %s', async (signal) => {
      const run = await startCli('node', CLI);

      run.child.kill(signal);

      await expectGone(run.pids);
    });

    test('leaves no process after npm itself is killed', async () => {
      const run = await startCli('npm', ['run', '--silent', 'servers', '--']);

      run.child.kill('SIGKILL');

      await expectGone(run.pids);
    });

    test('leaves no process after SIGTERM in the middle of the start', async () => {
      const child = spawnCli('node', CLI);
      const pids = await until(() => atLeast(2, descendantsOf(child.pid ?? 0)), {
        what: 'the first servers',
      });

      child.kill('SIGTERM');

      await expectGone([child.pid ?? 0, ...pids]);
    });
  });

  describe('UNSTALE_TEST_SERVERS', () => {
    beforeEach(() => {
      cleanups.push(() => {
        vi.unstubAllEnvs();
      });
    });

    test('names servers to use, which are neither started nor stopped', async () => {
      const addresses = {
        mysql: 'mysql://root@db.test:3306',
        kafka: ['a.test:9092', 'b.test:9092'],
        cache: 'redis://cache.test:6379/0',
        queue: 'redis://queue.test:6379/1',
      };
      vi.stubEnv('UNSTALE_TEST_SERVERS', JSON.stringify(addresses));

      const servers = await useServers({ set: set('given') });

      expect(servers.addresses).toEqual(addresses);
      await servers.stop();
    });

    test('that leaves out a server is refused, with the name of what is missing', async () => {
      vi.stubEnv('UNSTALE_TEST_SERVERS', '{"mysql":"mysql://root@db.test:3306","kafka":["a.test:9092"]}');

      await expect(useServers({ set: set('given') })).rejects.toThrow(/UNSTALE_TEST_SERVERS.*cache.*queue/s);
    });
  });
});

interface CliRun {
  readonly child: ChildProcess;
  /** The first that it printed. */
  readonly line: string;
  /** Its own and those of all that it started. */
  readonly pids: readonly number[];
  readonly ended: Promise<unknown>;
}

const CLI = ['--import', 'tsx', 'infra/local/main.ts'];

function spawnCli(file: string, args: readonly string[]): ChildProcess {
  const options = ['--native', '--fresh', '--set', set('cli'), '--only', 'cache', 'queue', '--json'];
  const child = spawn(file, [...args, ...options], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

async function startCli(file: string, args: readonly string[]): Promise<CliRun> {
  const child = spawnCli(file, args);
  const ended = once(child, 'exit').then(([code]) => code as unknown);
  const [line] = (await once(createInterface(child.stdout ?? process.stdin), 'line')) as [string];
  const pid = child.pid ?? 0;
  return { child, line, ended, pids: [pid, ...descendantsOf(pid)] };
}

async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids.length).toBeGreaterThan(2);
  await until(() => pids.every((pid) => statOf(pid) === undefined), {
    what: `the end of ${pids.join(', ')}`,
  });
}

function atLeast(count: number, pids: readonly number[]): readonly number[] | undefined {
  return pids.length >= count ? pids : undefined;
}

function descendantsOf(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = all.map(Number).filter((candidate) => statOf(candidate)?.parentPid === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Undefined for a process that is gone, or whose parent has only not taken note of it yet. */
function statOf(pid: number): { readonly parentPid: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { parentPid: Number(parentPid) };
  } catch {
    return undefined; // gone
  }
}
