import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Report, reportSchema } from '../../src/reconcile/report.js';
import { readTopic } from './topic.js';
import { until } from './until.js';
import type { World } from './world.js';

/** All stages but reconciling: then it is the command that works on its run, with the configuration given to it. */
export const PIPELINE = ['--only', 'tail,invalidate,settle,retry'] as const;

interface Reconciled {
  readonly code: number | NodeJS.Signals;
  readonly report: Report;
  readonly stdout: string;
  readonly stderr: string;
}

/** `unstale reconcile` to its end. @throws Error if it prints no report */
async function reconcileOnce(world: World, path: string, ...args: string[]): Promise<Reconciled> {
  const { code, stdout, stderr } = await world.command('reconcile', '-c', path, '--json', ...args);
  if (stdout === '')
    throw new Error(`unstale reconcile ended with ${code}, and without a report:\n${stderr}`);
  return { code, stdout, stderr, report: reportSchema.parse(JSON.parse(stdout)) };
}

/** A message of the topic that is told of drift. */
export interface DriftMessage {
  readonly key: string | null;
  /** As it was sent. */
  readonly text: string;
  readonly value: {
    readonly event: string;
    readonly run: string;
    readonly name: string;
    readonly table: string;
    readonly template: string;
    readonly key: string;
    readonly field: string | null;
    readonly kind: string;
    readonly cached: string | null;
    readonly row: string | null;
    readonly repaired: boolean;
  };
}

/** What the topic was told of a run. */
async function driftMessages(world: World, { id }: Report): Promise<DriftMessage[]> {
  const messages = await readTopic(world.kafka, `${world.id}_drift`);
  return messages
    .map(({ key, value }): DriftMessage => {
      const text = String(value);
      return { key: key && String(key), text, value: JSON.parse(text) as DriftMessage['value'] };
    })
    .filter(({ value }) => value.run === id);
}

/** A place in the cache, prefix left out; `->` leads to a field of a hash. */
const placeText = (key: string, field: string | null = null): string =>
  field === null ? key : `${key} -> ${field}`;

/** Of each message its kind and place, sorted. */
const kindsAndPlaces = (messages: readonly DriftMessage[], { prefix }: World): string[] =>
  messages
    .map(({ value: { kind, key, field } }) => `${kind} ${placeText(key.slice(prefix.length), field)}`)
    .sort();

/** The place of what `kindsAndPlaces` tells. */
export const placeIn = (kindAndPlace: string): string => kindAndPlace.slice(kindAndPlace.indexOf(' ') + 1);

/** Everything under the world's prefix, by place; of these hashes each field by itself. */
async function cacheContent(
  { cache, prefix }: World,
  sharedHashes: readonly string[],
): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, keys] = await cache.scanBuffer(cursor, 'MATCH', `${prefix}*`, 'COUNT', 1_000);
    cursor = next.toString();
    await Promise.all(
      keys.map(async (key) => {
        const name = key.toString().slice(prefix.length);
        if (!sharedHashes.includes(name)) content.set(name, (await cache.dumpBuffer(key)).toString('hex'));
        else
          for (const [field, value] of Object.entries(await cache.hgetall(key)))
            content.set(placeText(name, field), value);
      }),
    );
  } while (cursor !== '0');
  return content;
}

/** Places that hold something else now, or nothing, sorted. */
const changedPlaces = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...before].flatMap(([place, held]) => (after.get(place) === held ? [] : [place])).sort();

/** A run, and what could be seen of it from outside. */
export interface ObservedRun extends Reconciled {
  /** What it deleted, sorted. */
  readonly changed: readonly string[];
  readonly messages: readonly DriftMessage[];
  /** Kinds and places of the messages. */
  readonly told: readonly string[];
  /** Alerts that were posted while it ran. */
  readonly posts: readonly string[];
}

export interface RunToObserve {
  readonly world: World;
  /** Of the configuration. */
  readonly path: string;
  readonly args?: readonly string[];
  /** Hashes whose fields belong to rows. */
  readonly sharedHashes?: readonly string[];
  readonly webhook?: Pick<Webhook, 'posts'>;
}

/** Nobody else may touch the cache meanwhile. */
export async function observeRun({
  world,
  path,
  args = [],
  sharedHashes = [],
  webhook = { posts: [] },
}: RunToObserve): Promise<ObservedRun> {
  const before = await cacheContent(world, sharedHashes);
  const postsBefore = webhook.posts.length;
  const reconciled = await reconcileOnce(world, path, ...args);
  const messages = await driftMessages(world, reconciled.report);
  return {
    ...reconciled,
    changed: changedPlaces(before, await cacheContent(world, sharedHashes)),
    messages,
    told: kindsAndPlaces(messages, world),
    posts: webhook.posts.slice(postsBefore),
  };
}

/** Resolves when so many changes were published, and consumers and settling have handled all of them. */
export async function untilHandled({ kafka, topic, id }: World, changes: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const isHandled = async (): Promise<boolean> => {
    const ends = (await admin.fetchTopicOffsets(topic)).filter(({ high, low }) => high !== low);
    const groups = await Promise.all(
      [`${id}-group`, `${id}-group-settle-1`].map(async (groupId) => {
        const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
        return new Map(offsets?.partitions.map(({ partition, offset }) => [partition, offset]));
      }),
    );
    return (
      ends.reduce((sum, { high }) => sum + Number(high), 0) >= changes &&
      groups.every((offsets) => ends.every(({ partition, high }) => offsets.get(partition) === high))
    );
  };
  await until(isHandled, { what: `${changes} changes to be handled` }).finally(() => admin.disconnect());
}

export interface Webhook {
  readonly url: string;
  /** Bodies of the requests so far. */
  readonly posts: readonly string[];
  close(): Promise<void>;
}

/** An HTTP server that takes alerts. */
export async function openWebhook(): Promise<Webhook> {
  const posts: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      posts.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    posts,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
