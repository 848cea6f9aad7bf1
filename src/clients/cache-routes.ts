/**
 * Sends reads to where their keys are: to the one server, or to a cluster's primaries, all at once and each in one
 * pipeline. While slots move, what a primary does not answer itself is asked again for each key alone, by way of the
 * cluster client, which follows redirections.
 */
import {
  type ChainableCommander,
  type Cluster,
  type ClientContext,
  Command,
  type Redis,
  type RedisCommander,
  type Result,
} from 'ioredis';
import type { RedisConnection } from './redis-connection.js';

/** One command about the key at this index; made as often as it is sent. */
export type Read<T> = <Context extends ClientContext>(
  to: RedisCommander<Context>,
  index: number,
) => Result<T, Context>;

export interface CacheRoutes {
  /** One answer for each key, in order; an error that is an answer of its own stays one. */
  readEach<T>(keys: readonly string[], read: Read<T>): Promise<(T | Error)[]>;
  /** Every server that holds keys of its own, as the cluster says now. @throws Error if it does not */
  primaries(): Promise<readonly Primary[]>;
}

/** A server at an address, over all connections to it. */
export interface Primary {
  /** host:port */
  readonly address: string;
  /** Undefined while none is known. */
  connection(): Redis | undefined;
}

export function createRoutes(connected: RedisConnection): CacheRoutes {
  return connected.kind === 'single' ? singleRoutes(connected.client) : clusterRoutes(connected.client);
}

function singleRoutes(client: Redis): CacheRoutes {
  return {
    readEach: (keys, read) => sendTogether(client, [...keys.keys()], read),
    primaries: () => Promise.resolve([{ address: addressOf(client), connection: () => client }]),
  };
}

function clusterRoutes(cluster: Cluster): CacheRoutes {
  return {
    async readEach<T>(keys: readonly string[], read: Read<T>) {
      const answers = new Array<T | Error>(keys.length);
      const { byPrimary, alone } = await groupByPrimary(cluster, keys);
      await Promise.all(
        [...byPrimary].map(async ([primary, indexes]) => {
          const received = await sendTogether(primary, indexes, read);
          received.forEach((answer, position) => {
            const index = indexes[position] ?? 0;
            if (isRedirection(answer)) alone.push(index);
            else answers[index] = answer;
          });
        }),
      );
      await Promise.all(
        alone.map(async (index) => {
          answers[index] = await read<{ type: 'default' }>(cluster, index).catch(asError);
        }),
      );
      return answers;
    },
    async primaries() {
      await refreshSlots(cluster);
      const addresses = new Set(
        cluster.slots.map(([primary]) => primary).filter((each) => each !== undefined),
      );
      return [...addresses].map((address) => ({
        address,
        connection: () => primariesOf(cluster).get(address),
      }));
    },
  };
}

async function sendTogether<T>(server: Redis, indexes: readonly number[], read: Read<T>) {
  const pipeline: ChainableCommander = server.pipeline();
  for (const index of indexes) void read(pipeline, index); // answered by exec
  const results = (await pipeline.exec()) ?? [];
  // What a command answers is what its declaration says.
  return results.map(([error, answer]) => error ?? (answer as T));
}

interface Groups {
  readonly byPrimary: ReadonlyMap<Redis, number[]>;
  /** Of keys whose primary is not known. */
  readonly alone: number[];
}

async function groupByPrimary(cluster: Cluster, keys: readonly string[]): Promise<Groups> {
  const slots = keys.map(slotOf);
  let groups = group(cluster, slots);
  // A connection that broke is forgotten until the slots are looked up again.
  if (groups.alone.length > 0) {
    await refreshSlots(cluster);
    groups = group(cluster, slots);
  }
  return groups;
}

function group(cluster: Cluster, slots: readonly number[]): Groups {
  const primaries = primariesOf(cluster);
  const byPrimary = new Map<Redis, number[]>();
  const alone: number[] = [];
  slots.forEach((slot, index) => {
    const primary = primaries.get(cluster.slots[slot]?.[0] ?? '');
    const indexes = primary === undefined ? alone : byPrimary.get(primary);
    if (indexes !== undefined) indexes.push(index);
    else if (primary !== undefined) byPrimary.set(primary, [index]);
  });
  return { byPrimary, alone };
}

/** As the library itself tells it. */
const slotOf = (key: string): number => new Command('exists', [key]).getSlot();

const primariesOf = (cluster: Cluster): ReadonlyMap<string, Redis> =>
  new Map(cluster.nodes('master').map((node) => [addressOf(node), node]));

const addressOf = ({ options }: Redis): string => `${options.host ?? ''}:${options.port ?? ''}`;

function refreshSlots(cluster: Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    cluster.refreshSlotsCache((error) => {
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

const isRedirection = (answer: unknown): boolean =>
  answer instanceof Error && /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(answer.message);

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
