import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type ObservedRun, PIPELINE, type Webhook, observeRun, openWebhook } from '../support/reconcile.js';
import type { UnstaleProcess } from '../support/unstale.js';
import { type World, createWorld } from '../support/world.js';

const ROWS = 300;
const STALE = 130;
const IDS = Array.from({ length: ROWS }, (_, index) => index + 1);
const places = (key: (id: number) => string): string[] => IDS.map(key);

let world: World;
let unstale: UnstaleProcess;
let webhook: Webhook;
let wrongMapping: ObservedRun;
let forced: ObservedRun;
let limitedByCount: ObservedRun;
let limitedByShare: ObservedRun;
let hidden: ObservedRun;

const TABLES = `
  CREATE TABLE products (id INT PRIMARY KEY, sku VARCHAR(40) NOT NULL UNIQUE, stock INT, price DECIMAL(10, 2));
  INSERT INTO products VALUES ${IDS.map((id) => `(${id}, 'sku-${id}', ${id}, ${id}.99)`).join()};
  CREATE TABLE notes (id INT PRIMARY KEY, note VARCHAR(40));
  INSERT INTO notes VALUES ${IDS.map((id) => `(${id}, 'secret of row ${id}')`).join()}`;

/** What the cache holds is told by the fills; five of these do not fit. */
const PRODUCTS = {
  keys: [
    { key: 'other-column:{id}', value: { string: 'price' } },
    { key: 'no-json:{id}', value: { json: { stock: 'stock' } } },
    { key: 'is-hash:{id}', value: { string: 'stock' } },
    { key: 'is-string:{id}', value: { hash: { stock: 'stock' } } },
    { key: 'is-no-shared-hash', field: '{id}', value: { string: 'stock' } },
    { key: 'right:{id}', value: { string: 'stock' } },
    { key: 'hashed:{sku|sha1}', value: { string: 'stock' } },
    { key: 'text:{sku}' },
  ],
};
const NOTES = { keys: [{ key: 'note:{id}', value: { json: { text: 'note' } } }] };

async function fillProducts({ cache, prefix }: World): Promise<void> {
  const fills = cache.pipeline();
  for (const id of IDS) {
    fills.set(`${prefix}other-column:${id}`, id).set(`${prefix}no-json:${id}`, 'in stock');
    fills.hset(`${prefix}is-hash:${id}`, 'stock', id).set(`${prefix}is-string:${id}`, id);
    fills.set(`${prefix}right:${id}`, id);
  }
  fills.set(`${prefix}other-column:7`, 'sold out'); // not wrong like all others, and no reason to delete it
  fills.set(`${prefix}is-no-shared-hash`, 'x');
  fills.set(`${prefix}right:1`, 99).set(`${prefix}right:2`, 'many').set(`${prefix}right:900`, 1);
  await fills.exec();
}
const RIGHT_DRIFTED = ['right:1', 'right:2', 'right:900'];

/** A key that is no UTF-8; read as text it would be one of the table's. */
const NOT_UTF8 = Buffer.from([0xff, 0xfe]);

/** Nobody has told us what they are. */
async function fillStrangers({ cache, prefix, id }: World): Promise<void> {
  await cache.mset(
    ...[`${prefix}right:abc`, 'x', `${prefix}right:1:more`, 'x', `${prefix}no-json:`, 'x'], // like ours, but not ours
    ...[`${prefix}of others`, 'x', `${id}-of-others`, 'x'],
    ...[`${prefix}hashed:${'0'.repeat(40)}`, 'x'], // of which row, if any?
  );
  await cache.set(Buffer.concat([Buffer.from(`${prefix}text:`), NOT_UTF8]), 'x');
}
const STRANGERS = ['right:abc', 'right:1:more', 'no-json:'];

async function fillNotes({ cache, prefix }: World): Promise<void> {
  const held = (id: number): string =>
    JSON.stringify({ text: `secret of ${id <= STALE ? 'yesterday' : `row ${id}`}` });
  await cache.mset(new Map(IDS.map((id) => [`${prefix}note:${id}`, held(id)])));
}

/** A place that an earlier run left undecided, so that this run begins with it; only that its key is not ours. */
const leaveUndecided = (of: World, key: string): Promise<unknown> =>
  of.queue.set(
    `{unstale}:unstale-${of.id}-reconcile:memory:undecided`,
    JSON.stringify([{ check: `${of.id}.notes#0.0#note:{id}`, key, by: [1] }]),
  );

async function run(tables: object, reconcile: object, ...args: string[]): Promise<ObservedRun> {
  const path = await world.configure(tables, {
    reconcile: { confirmAfter: '100ms', ...reconcile },
    alerts: { webhook: webhook.url },
  });
  return observeRun({ world, path, args, webhook });
}

beforeAll(async () => {
  [world, webhook] = await Promise.all([createWorld(inject('servers')), openWebhook()]);
  await world.sql.query(TABLES);
  const products = { [`${world.id}.products`]: PRODUCTS };
  const notes = { [`${world.id}.notes`]: NOTES };
  unstale = await world.run(await world.configure({ ...products, ...notes }), ...PIPELINE);
  await Promise.all([fillProducts(world), fillStrangers(world), fillNotes(world)]);
  wrongMapping = await run(products, {});
  forced = await run(products, {}, '--force');
  hidden = await run(notes, { repair: false, show: 'hashes' });
  await leaveUndecided(world, `${world.prefix}of others`);
  limitedByCount = await run(notes, { maxRepairs: { count: 5 } });
  limitedByShare = await run(notes, { maxRepairs: { share: 0.01 } });
});
afterAll(async () => {
  await webhook.close();
  await world.close();
});

describe('a mapping that does not fit what the cache holds', () => {
  const wrong = ['other-column:{id}', 'no-json:{id}', 'is-hash:{id}', 'is-string:{id}'];

  test('stops the run, names each of its templates, and deletes nothing of them', () => {
    expect(wrongMapping).toMatchObject({ code: 3, report: { status: 'stopped' } });
    const told = wrongMapping.report.mismatches.map(({ template, compared, alike }) => [
      template,
      compared,
      alike,
    ]);
    expect(told.sort()).toEqual(
      [
        [wrong[0], ROWS, ROWS - 1],
        ...wrong.slice(1).map((template) => [template, ROWS, ROWS]),
        ['is-no-shared-hash [{id}]', ROWS, ROWS],
      ].sort(),
    );
    expect(wrongMapping.report.drift.type_mismatch).toBeGreaterThanOrEqual(5 * ROWS - 1);
    expect(wrongMapping.report.reason).toContain('the mapping of');
    expect(wrongMapping.changed.filter((place) => !place.startsWith('right:'))).toEqual([]);
  });

  test('keeps no other template from being mended', () => {
    expect(wrongMapping.changed).toEqual(RIGHT_DRIFTED);
    expect(wrongMapping.report.repaired).toBe(RIGHT_DRIFTED.length);
    expect(wrongMapping.messages.filter(({ value }) => value.repaired)).toHaveLength(RIGHT_DRIFTED.length);
  });

  test('is told to the webhook once', () => {
    expect(wrongMapping.posts.map((post) => JSON.parse(post) as object)).toMatchObject([
      { event: 'reconcile_stopped', details: { run: wrongMapping.report.id } },
    ]);
  });

  test('--force deletes all that does not fit it', () => {
    const keys = wrong.flatMap((template) => places((id) => template.replace('{id}', String(id))));
    expect(forced).toMatchObject({ code: 3, report: { status: 'finished', mismatches: [] } });
    expect(forced.changed).toEqual(keys.sort()); // in what is no hash there are no fields to delete
  });
});

describe('what is not known to be wrong is left alone', () => {
  test('keys that begin like ours, but that no template explains, are counted and sampled', () => {
    expect(wrongMapping.report.unexplained.keys).toBe(STRANGERS.length);
    expect([...wrongMapping.report.unexplained.samples].sort()).toEqual(
      STRANGERS.map((key) => world.prefix + key).sort(),
    );
  });

  test('neither they nor keys of others, hashed ones or keys that are no text are touched', async () => {
    const { cache, prefix, id } = world;
    const left = [...STRANGERS, 'of others', `hashed:${'0'.repeat(40)}`].map((key) => prefix + key);
    expect(await cache.exists(...left, `${id}-of-others`)).toBe(left.length + 1);
    expect(await cache.exists(Buffer.concat([Buffer.from(`${prefix}text:`), NOT_UTF8]))).toBe(1);
  });

  test('coverage says that keys made of a hash cannot be traced', () => {
    const hashed = wrongMapping.report.coverage.find(({ template }) => template === 'hashed:{sku|sha1}');
    expect(hashed?.keys).toBe(false);
    expect(hashed?.why).toContain('sha1 cannot be turned back');
  });

  test('a key that no template makes is not deleted, not even if an earlier run left it to this one', async () => {
    expect(limitedByCount.messages.map(({ value }) => value.key)).toContain(`${world.prefix}of others`);
    expect(await world.cache.exists(`${world.prefix}of others`)).toBe(1);
  });
});

describe('reconcile.maxRepairs', () => {
  test('ends a run at its count', () => {
    expect(limitedByCount).toMatchObject({ code: 3, report: { status: 'stopped', repaired: 5 } });
    expect(limitedByCount.report.reason).toMatch(/^reconcile\.maxRepairs: 5 values were deleted/);
    expect(limitedByCount.changed).toHaveLength(5);
  });

  test('ends a run at its share of what was looked at, a hundred being always allowed', () => {
    expect(limitedByShare).toMatchObject({ code: 3, report: { status: 'stopped', repaired: 100 } });
    expect(limitedByShare.changed).toHaveLength(100);
  });

  test('alerts, once a run', () => {
    for (const { report, posts } of [limitedByCount, limitedByShare])
      expect(posts.map((post) => JSON.parse(post) as object)).toMatchObject([
        { event: 'reconcile_stopped', details: { run: report.id, repaired: report.repaired } },
      ]);
  });

  test('says of each value that was not deleted why', () => {
    const told = limitedByCount.messages.filter(({ value }) => value.key.startsWith(`${world.prefix}note:`));
    expect(told).toHaveLength(STALE);
    expect(told.filter(({ value }) => value.repaired)).toHaveLength(5);
  });
});

describe('repair: false', () => {
  test('tells of drift and deletes nothing', () => {
    expect(hidden).toMatchObject({ code: 3, report: { status: 'finished', repairs: false, repaired: 0 } });
    expect(hidden.report.drift.stale).toBe(STALE);
    expect(hidden.messages).toHaveLength(STALE);
    expect(hidden.changed).toEqual([]);
  });
});

describe('show: hashes', () => {
  test('keeps every value inside the process', () => {
    const told = [hidden.stdout, hidden.stderr, unstale.log(), ...hidden.posts];
    for (const text of [...told, ...hidden.messages.map((each) => each.text)])
      expect(text).not.toMatch(/secret/);
    expect(hidden.posts).toHaveLength(1);
  });

  test('tells values apart all the same', () => {
    const [sample] = hidden.report.samples;
    expect(sample?.cached).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(sample?.row).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(sample?.row).not.toBe(sample?.cached);
    expect(new Set(hidden.report.samples.map(({ cached }) => cached)).size).toBe(1); // all hold the same
    expect(limitedByCount.stdout).toMatch(/secret/); // else the test above would see nothing
  });
});

test('a table that no mapping names is refused, and those that are named are listed', async () => {
  const path = await world.configure({ [`${world.id}.notes`]: NOTES });
  const { code, stdout, stderr } = await world.command(
    'reconcile',
    '-c',
    path,
    '--table',
    `${world.id}.note`,
  );
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`No mapping names ${world.id}.note. Mapped are: ${world.id}.notes.`);
});
