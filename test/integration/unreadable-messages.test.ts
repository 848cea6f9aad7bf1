import type { Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type TopicMessage, readTopic } from '../support/topic.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { until } from '../support/until.js';
import { type World, createWorld } from '../support/world.js';

const KEY = Buffer.from('whatever \0 it is');
const source = (world: World) => ({ db: world.id, table: 'items' });
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** What has no business on the topic; named as in the title. */
const CASES: readonly (readonly [string, (world: World) => Buffer | null])[] = [
  ['without a value', () => null],
  ['of no bytes', () => Buffer.alloc(0)],
  ['that is no JSON', () => Buffer.from('{"op":"u", ')],
  ['that is no text', () => Buffer.from([0xff, 0xfe, 0x00, 0x80])],
  ['of 5 MB', () => Buffer.alloc(5 * 1024 * 1024, 'x')],
  ['that is a list', () => json([])],
  ['without a source', () => json({ op: 'c', after: { id: 1 } })],
  ['of an unknown operation', (world) => json({ op: 'x', source: source(world), after: { id: 1 } })],
  ['whose row is text', (world) => json({ op: 'c', source: source(world), after: 'id 1' })],
  [
    'without the row of before',
    (world) => json({ op: 'u', source: source(world), after: { id: 1 }, changed: [] }),
  ],
];

describe('on the topic', () => {
  let world: World;
  let unstale: UnstaleProcess;
  let producer: Producer;

  beforeAll(async () => {
    world = await createWorld(inject('servers'));
    await world.sql.query('CREATE TABLE items (id INT PRIMARY KEY)');
    unstale = await world.run(await world.configure({ [`${world.id}.items`]: { keys: ['item:{id}'] } }));
    producer = world.kafka.producer({ allowAutoTopicCreation: false });
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await world.close();
  });

  test.each(CASES)('a message %s does not keep the one behind it from being handled', async (name, make) => {
    await world.fill(`item:${name}`);
    const good = json({ op: 'c', source: source(world), before: null, after: { id: name } });
    const messages = [make(world), good].map((value) => ({ key: KEY, value, partition: 1 }));
    await producer.send({ topic: world.topic, messages });
    await world.untilGone(`item:${name}`);
  });

  test('each of them lies among the dead letters as it came, once, with its reason and its place', async () => {
    const letters = await until(
      async () => {
        const found = await readTopic(world.kafka, `${world.topic}.dead`);
        return found.length >= CASES.length && found;
      },
      { what: 'all dead letters' },
    );
    const wanted = CASES.map(([, make]) => make(world)?.toString('base64') ?? null);
    expect(letters.map(({ value }) => value?.toString('base64') ?? null)).toEqual(wanted);
    const places = letters.map(({ key, headers }: TopicMessage) => {
      expect(key).toEqual(KEY);
      expect(headers).toMatchObject({
        reason: 'MESSAGE_UNREADABLE',
        error: expect.stringMatching(/\w/) as string,
      });
      return headers.from;
    });
    expect(places).toEqual(CASES.map((_, index) => `${world.topic}/1/${index * 2}`));
    expect(await unstale.metric('unstale_dead_letters_total{reason="MESSAGE_UNREADABLE"}')).toBe(
      CASES.length,
    );
  });
});
