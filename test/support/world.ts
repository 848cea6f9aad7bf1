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
  readonly servers: ServerAddresses;
  readonly prefix: string;
  readonly topic: string;
  /** For files; it goes with the world. */
  readonly directory: string;
  readonly sql: mysql.Connection;
  /** One more session, in the same database. */
  connect(): Promise<mysql.Connection>;
  readonly cache: Redis;
  readonly queue: Redis;
  readonly kafka: kafkajs.Kafka;
  /**
   * Writes a configuration file for these tables, and says where. Overrides that are objects are laid over the
   * section of that name, all others replace it.
   */
  configure(tables: object, overrides?: object): Promise<string>;
  /** Starts `unstale run` and waits until it is ready. */
  run(configPath: string, ...args: string[]): Promise<UnstaleProcess>;
  /** Starts unstale with these arguments, and does not wait. */
  start(...args: string[]): UnstaleProcess;
  /** Runs unstale with these arguments to its end; if that does not come within a minute, the code is SIGKILL. */
  command(...args: string[]): Promise<Finished>;
  /** Puts something under these keys, prefix included. */
  fill(...keys: string[]): Promise<void>;
  /** Which of these keys there are, prefix left out. */
  present(...keys: string[]): Promise<string[]>;
  untilGone(...keys: string[]): Promise<void>;
  close(): Promise<void>;
}

/** How a command ended, and what it wrote. */
export interface Finished {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_MAX_MS = 60_000;

export async function createWorld(servers: ServerAddresses): Promise<World> {
  const id = `t${randomBytes(4).toString('hex')}`;
  const prefix = `${id}:`;
  const topic = `${id}_updates`;
  const directory = await mkdtemp(join(tmpdir(), 'unstale-test-'));
  const connect = async (): Promise<mysql.Connection> => {
    const session = { uri: servers.mysql, multipleStatements: true, supportBigNumbers: true };
    const connection = await mysql.createConnection(session);
    connection.on('error', () => undefined); // its server is stopped by a test
    await connection.query(`CREATE DATABASE IF NOT EXISTS ${id}; USE ${id}`);
    return connection;
  };
  const sql = await connect();
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
    servers,
    prefix,
    topic,
    directory,
    sql,
    connect,
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
        reconcile: { every: 'never', recent: 'never', atStart: false, topic: `${id}_drift` },
        ops: { listen: '127.0.0.1:0' },
        tables,
      };
      await writeFile(path, stringify(layOver(config, overrides)));
      return path;
    },
    async run(configPath, ...args) {
      const started = start('run', '-c', configPath, ...args);
      await started.ready();
      return started;
    },
    async command(...args) {
      const started = start(...args);
      const timer = setTimeout(() => {
        started.kill('SIGKILL');
      }, COMMAND_MAX_MS);
      const code = await started.exited;
      clearTimeout(timer);
      return { code, stdout: started.stdout(), stderr: started.log() };
    },
    async fill(...keys) {
      await cache.mset(keys.flatMap((key) => [prefix + key, 'old']));
    },
    present,
    async untilGone(...keys) {
      const areGone = async (): Promise<boolean> => (await present(...keys)).length === 0;
      const what = `${keys.join(', ')} to be deleted`;
      await until(areGone, { what, timeoutMs: 15_000 }).catch((error: unknown) => {
        const logs = processes.filter((each) => each.isRunning()).map((each) => each.log());
        throw new Error(`${keys.join(', ')} stayed. Logs of what runs:\n${logs.join('\n')}`, {
          cause: error,
        });
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

function layOver(config: object, overrides: object): object {
  const sections = new Map<string, unknown>(Object.entries(config));
  for (const [name, value] of Object.entries(overrides) as [string, unknown][]) {
    const section = sections.get(name);
    sections.set(name, isSection(value) && isSection(section) ? { ...section, ...value } : value);
  }
  return Object.fromEntries(sections);
}

const isSection = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
