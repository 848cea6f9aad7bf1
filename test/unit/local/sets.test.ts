import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localAddresses, parseAddresses } from '../../../infra/local/addresses.js';
import { portVariables, projectName } from '../../../infra/local/compose/compose.js';
import { leashed } from '../../../infra/local/native/leash.js';
import { brokerProperties } from '../../../infra/local/native/kafka-properties.js';
import { cacheRoot } from '../../../infra/local/paths.js';
import { freePorts } from '../../../infra/local/ports.js';
import { retryLostPorts } from '../../../infra/local/ready.js';
import { claimSet } from '../../../infra/local/set-claim.js';

describe('the claim to a set', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'unstale-claims-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('is refused while it is held, and granted when it is released', async () => {
    const first = await claimSet(folder);
    expect(await claimSet(folder)).toBeUndefined();

    await first?.release();

    expect(await claimSet(folder)).toBeDefined();
  });

  test('is granted once at most when many come at once', async () => {
    const claims = await Promise.all(Array.from({ length: 10 }, () => claimSet(folder)));

    expect(claims.filter((claim) => claim !== undefined).length).toBeLessThanOrEqual(1);
  });

  test('of a process that is gone is worth nothing, even if its number came round again', async () => {
    const PID_OF_NOBODY = 2 ** 30;
    await writeFile(path.join(folder, `${PID_OF_NOBODY}.claim`), '1');
    await writeFile(path.join(folder, `${process.pid}.claim`), 'another start');

    expect(await claimSet(folder)).toBeDefined();
    expect(await readdir(folder)).toHaveLength(1);
  });
});

describe('addresses', () => {
  const ports = new Map([
    ['mysql', 1],
    ['kafka', 2],
    ['cache', 3],
    ['queue', 4],
  ] as const);

  test('come back from their JSON', () => {
    const addresses = localAddresses(ports);

    expect(addresses).toEqual({
      mysql: 'mysql://root@127.0.0.1:1',
      kafka: ['127.0.0.1:2'],
      cache: 'redis://127.0.0.1:3/0',
      queue: 'redis://127.0.0.1:4/0',
    });
    expect(parseAddresses(JSON.stringify(addresses), 'the test')).toEqual(addresses);
  });

  test.each([
    ['not json', /the test is not JSON/],
    ['{}', /the test does not describe the servers/],
    [JSON.stringify({ ...localAddresses(ports), mysql: 'redis://127.0.0.1:1' }), /mysql/],
    [JSON.stringify({ ...localAddresses(ports), kafka: ['127.0.0.1'] }), /host:port/],
  ])('in the form %s are refused', (json, message) => {
    expect(() => parseAddresses(json, 'the test')).toThrow(message);
  });
});

describe('ports', () => {
  test('are different ones, from below those of outgoing connections', async () => {
    const ports = await freePorts(6);

    expect(new Set(ports).size).toBe(6);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });

  test('that another process took meanwhile are replaced, other failures are not', async () => {
    const { signal } = new AbortController();
    let attempts = 0;
    const started = retryLostPorts(signal, () => {
      attempts += 1;
      return attempts < 3
        ? Promise.reject(new Error('bind: Address already in use'))
        : Promise.resolve('ready');
    });
    expect(await started).toBe('ready');

    await expect(retryLostPorts(signal, () => Promise.reject(new Error('no disk')))).rejects.toThrow(
      'no disk',
    );
  });
});

test('a process on the leash is killed with its parent, and does not begin without it', () => {
  const { file, args } = leashed({ file: 'mysqld', args: ['--port=1'] }, 42);

  expect(file).toBe('setpriv');
  expect(args.slice(0, 3)).toEqual(['--pdeathsig', 'KILL', '/bin/sh']);
  expect(args.slice(-3)).toEqual(['42', 'mysqld', '--port=1']);
});

test('a Kafka broker listens on this machine alone', () => {
  const listeners = brokerProperties('/data', [1, 2])
    .split('\n')
    .filter((line) => line.includes('listeners='));

  expect(listeners).toEqual([
    'listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2',
    'advertised.listeners=PLAINTEXT://127.0.0.1:1',
  ]);
});

test('containers of two checkouts or sets have different names', () => {
  const names = [projectName('/a', 'demo'), projectName('/a', 'test'), projectName('/b', 'demo')];

  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
});

test('compose gets a port for each of its variables', () => {
  expect(portVariables({ mysql: 1, kafka: 2, cache: 3, queue: 4 })).toEqual({
    MYSQL_PORT: '1',
    KAFKA_PORT: '2',
    CACHE_PORT: '3',
    QUEUE_PORT: '4',
  });
});

test('the cache is where XDG says, unless that is no absolute path', () => {
  expect(cacheRoot({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/unstale');
  expect(cacheRoot({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/unstale$/);
});
