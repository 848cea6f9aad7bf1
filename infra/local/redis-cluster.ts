/**
 * A real Redis Cluster of three primaries for tests.
 *
 * In: the set that it belongs to. Out: its addresses once every node says that all slots are served, and a handle for
 * each node. It runs as processes of this machine only, with Redis 7 or newer, and begins without data. No node
 * outlives the process that started it.
 *
 * It is no server of `startServers`: those are one process at one address, as containers too.
 */
import { rm } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { startNativeServer } from './native/native-server.js';
import { prepareClusterNode } from './native/redis.js';
import { redisProgram } from './packages/software.js';
import { type SetPaths, setPaths } from './paths.js';
import { probeRedis } from './probes.js';
import { type Progress, runTogether } from './progress.js';
import { waitUntilReady } from './ready.js';
import type { LocalServer, RunningServer, Step } from './server.js';
import { claimName } from './set-claim.js';

export interface ClusterStartOptions {
  /** If it is in use, `<set>-2` is taken instead, and so on. */
  readonly set: string;
  /** `quiet` by default. */
  readonly progress?: Progress;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
  /** A node ended though nobody asked it to. */
  readonly onLost?: (message: string) => void;
}

export interface LocalCluster {
  /** host:port of each primary. */
  readonly addresses: readonly string[];
  /** In the order of the addresses. A node that comes back is empty, and has its slots and its port. */
  readonly primaries: readonly LocalServer[];
  /** May be called twice. */
  stop(): Promise<void>;
}

const NODES = ['cluster-1', 'cluster-2', 'cluster-3'] as const;
const SLOT_COUNT = 16_384;

/** @throws Error if a node does not become ready */
export async function startRedisCluster(options: ClusterStartOptions): Promise<LocalCluster> {
  const { signal = new AbortController().signal } = options;
  const { set, claim } = await claimName(options.set, { fresh: true });
  const paths = setPaths(set);
  const running: RunningServer[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () =>
    (stopped ??= (async () => {
      await Promise.all(running.map((node) => node.kill()));
      await removeData(paths);
      await claim.release();
    })());
  try {
    const formed = { yet: false };
    await startNodes(running, { ...options, signal, paths, formed });
    const ports = running.map(({ port }) => port);
    await joinNodes(ports);
    const ready = async () => {
      await Promise.all(ports.map((port) => probeMember(port, ports.length)));
    };
    await waitUntilReady({ signal, probe: ready, ended: () => undefined });
    formed.yet = true;
    return { addresses: ports.map((port) => `127.0.0.1:${port}`), primaries: running, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface NodesStart extends ClusterStartOptions {
  readonly signal: AbortSignal;
  readonly paths: SetPaths;
  /** From then on a node is ready only as a member. */
  readonly formed: { readonly yet: boolean };
}

async function startNodes(running: RunningServer[], start: NodesStart): Promise<void> {
  const { signal, paths, formed, progress = 'quiet', onLost = () => undefined } = start;
  await removeData(paths);
  await rm(paths.logs, { recursive: true, force: true });
  let program: ReturnType<typeof redisProgram> | undefined;
  const probe = (port: number) => (formed.yet ? probeMember(port, NODES.length) : probeRedis(port));
  const works = NODES.map((name) => ({
    title: name,
    async run(step: Step) {
      const prepared = await prepareClusterNode(name, await (program ??= redisProgram(step)), {
        dataDir: paths.data(name),
        probe,
      });
      step.rename(prepared.title);
      step.signal.throwIfAborted();
      const logFile = paths.log(name);
      running.push(await startNativeServer(prepared, { logFile, signal: step.signal, onLost }));
    },
  }));
  await runTogether(works, { progress, signal });
}

/** What `redis-cli --cluster create` does: every node its slots and an epoch of its own, then they meet. */
async function joinNodes(ports: readonly number[]): Promise<void> {
  const share = Math.ceil(SLOT_COUNT / ports.length);
  const busPorts: number[] = [];
  for (const [index, port] of ports.entries()) {
    await withClient(port, async (redis) => {
      const last = Math.min((index + 1) * share, SLOT_COUNT) - 1;
      await redis.cluster('ADDSLOTSRANGE', index * share, last);
      await redis.cluster('SET-CONFIG-EPOCH', index + 1);
      const [, busPort] = (await redis.config('GET', 'cluster-port')) as [string, string];
      busPorts.push(Number(busPort));
    });
  }
  const [first = 0, ...others] = ports;
  await withClient(first, async (redis) => {
    for (const [index, port] of others.entries())
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[index + 1] ?? 0);
  });
}

/** Throws until the node serves its slots and knows who serves the others. */
async function probeMember(port: number, nodeCount: number): Promise<void> {
  await withClient(port, async (redis) => {
    const info = await redis.cluster('INFO');
    const isWhole =
      info.includes('cluster_state:ok') &&
      info.includes(`cluster_slots_ok:${SLOT_COUNT}`) &&
      info.includes(`cluster_size:${nodeCount}`);
    if (!isWhole) throw new Error(`the node at port ${port} does not see the whole cluster yet`);
  });
}

async function withClient(port: number, use: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined); // the failure arrives through connect() as well
  try {
    await redis.connect();
    await use(redis);
  } finally {
    if (redis.status !== 'end') redis.disconnect();
  }
}

async function removeData(paths: SetPaths): Promise<void> {
  await Promise.all(NODES.map((name) => rm(paths.data(name), { recursive: true, force: true })));
}
