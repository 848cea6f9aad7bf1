/** Asks each kind of server to do its real work: each probe throws until the server can. */
import { createConnection as connectTcp } from 'node:net';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import mysql from 'mysql2/promise';

const HOST = '127.0.0.1';
const TIMEOUT_MS = 2_000;

export async function probeMysql(port: number): Promise<void> {
  const connection = await mysql.createConnection({
    host: HOST,
    port,
    user: 'root',
    connectTimeout: TIMEOUT_MS,
  });
  try {
    await connection.query({ sql: 'SELECT 1', timeout: TIMEOUT_MS });
  } finally {
    connection.destroy();
  }
}

export async function probeRedis(port: number): Promise<void> {
  const redis = new Redis({
    host: HOST,
    port,
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    enableReadyCheck: false,
  });
  // The failure arrives through connect() and ping() as well.
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    // Fails while the server still loads its data.
    await redis.ping();
  } finally {
    // Of a connection that has ended already, ioredis would await the end, for 2 s and with the process.
    if (redis.status !== 'end') redis.disconnect();
  }
}

/** Topic creation is asked for but not carried out: a broker that says yes is registered and has a controller. */
export async function probeKafka(port: number): Promise<void> {
  // kafkajs takes far longer than this to find that nobody listens.
  await connectOnce(port);
  const admin = new Kafka({
    brokers: [`${HOST}:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: TIMEOUT_MS,
    requestTimeout: TIMEOUT_MS,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker has not joined its cluster yet');
    await admin.createTopics({
      topics: [{ topic: 'readiness-probe', numPartitions: 1, replicationFactor: 1 }],
      validateOnly: true,
      waitForLeaders: false,
    });
  } finally {
    await admin.disconnect();
  }
}

function connectOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: HOST, port }, () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
