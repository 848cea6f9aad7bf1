import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import mysql from 'mysql2/promise';
import { stringify } from 'yaml';
import type { ServerAddresses } from '../../infra/local/addresses.js';
import { type UnstaleProcess, startUnstale } from './unstale.js';
import { until } from './until.js';

/** A database, topics and a key prefix of its own on shared servers, and unstale runs that use them. */
export interface World {
  /** The database, the configuration's name, and a part of each topic and group. */
  readonly id: string;
  readonly prefix: string;
  readonly topic: string;
  readonly sql: mysql.Connection;
  readonly cache: Redis;
  readonly queue: Redis;
  readonly kafka: kafkajs.Kafka;
  /** Writes a configuration file for these tables, and says where. */
  configure(tables: object, overrides?: object): Promise<string>;
  /** Starts `unstale run` and waits until it is ready. */
  run(configPath: string, ...args: string[]): Promise<UnstaleProcess>;
  /** Starts unstale with these arguments, and does not wait. */
  start(...args: string[]): UnstaleProcess;
  /** Puts something under these keys, prefix included. */
  fill(...keys: string[]): Promise<void>;
  /** Which of these keys there are, prefix left out. */
  present(...keys: string[]): Promise<string[]>;
  untilGone(...keys: string[]): Promise<void>;
  close(): Promise<void>;
}

export async function createWorld(servers: ServerAddresses): Promise<World> {
  const id = `t${randomBytes(4).toString('hex')}`;
  const prefix = `${id}:`;
  const topic = `${id}_updates`;
  const directory = await mkdtemp(join(tmpdir(), 'unstale-test-'));
  const sql = await mysql.createConnection({ uri: servers.mysql, multipleStatements: true, supportBigNumbers: true });
  await sql.query(`CREATE DATABASE ${id}; USE ${id}`);
  const cache = new Redis(servers.cache);
  const queue = new Redis(servers.queue);
  for (const client of [cache, queue]) client.on('error', () => undefined); // servers that tests stop
  const kafka = new kafkajs.Kafka({ brokers: servers.kafka, logLevel: kafkajs.logLevel.NOTHING });
  const processes: UnstaleProcess[] = [];
  const start = (...args: string[]): UnstaleProcess => {
    const started = startUnstale(args);
    processes.push(started);
    return started;
  };
  const present = async (...keys: string[]): Promise<string[]> => {
    const values = await cache.mget(keys.map((key) => prefix + key));
    return keys.filter((_, index) => values[index] !== null);
  };
  return {
    id,
    prefix,
    topic,
    sql,
    cache,
    queue,
    kafka,
    start,
    async configure(tables, overrides = {}) {
      const path = join(directory, `${randomBytes(4).toString('hex')}.yaml`);
      const config = {
        name: id,
        mysql: { url: servers.mysql, serverId: 100_000 + randomBytes(3).readUIntBE(0, 3) },
        kafka: { brokers: servers.kafka, topic, partitions: 3, consumer: { groupId: `${id}-group` } },
        redis: { url: servers.cache, keyPrefix: prefix },
        queue: { url: servers.queue },
        settle: { after: '200ms' },
        ops: { listen: '127.0.0.1:0' },
        tables,
        ...overrides,
      };
      await writeFile(path, stringify(config));
      return path;
    },
    async run(configPath, ...args) {
      const started = start('run', '-c', configPath, ...args);
      await started.ready();
      return started;
    },
    async fill(...keys) {
      await cache.mset(keys.flatMap((key) => [prefix + key, 'old']));
    },
    present,
    async untilGone(...keys) {
      await until(async () => (await present(...keys)).length === 0, {
        what: `${keys.join(', ')} to be deleted`,
        timeoutMs: 15_000,
      });
    },
    async close() {
      for (const each of processes) each.kill('SIGKILL');
      await Promise.all(processes.map((each) => each.exited));
      await sql.query(`DROP DATABASE IF EXISTS ${id}`).catch(() => undefined); // its server may be gone
      sql.destroy();
      cache.disconnect();
      queue.disconnect();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
