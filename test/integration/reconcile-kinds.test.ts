import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { DRIFT_KINDS } from '../../src/domain/drift.js';
import {
  type ObservedRun,
  PIPELINE,
  type Webhook,
  observeRun,
  openWebhook,
  placeIn,
  untilHandled,
} from '../support/reconcile.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let webhook: Webhook;
let path: string;
let reportOnly: ObservedRun;
let repairing: ObservedRun;
let mended: ObservedRun;

const PRODUCTS = Array.from({ length: 16 }, (_, index) => index + 1);

const TABLES = `
  CREATE TABLE products (id INT PRIMARY KEY, sku VARCHAR(40) NOT NULL UNIQUE, stock INT, price DECIMAL(10, 2),
    category_id INT, KEY (category_id));
  INSERT INTO products VALUES ${PRODUCTS.map((id) => `(${id}, 'sku-${id}', ${id}, ${id}.50, 1)`).join()};
  UPDATE products SET stock = NULL WHERE id = 16;
  CREATE TABLE soft (id INT PRIMARY KEY, stock INT, deleted_at DATETIME, status ENUM('active', 'archived'),
    published_at DATE, active TINYINT(1));
  INSERT INTO soft VALUES (1, 1, NULL, 'active', '2024-01-01', 1), (2, 2, '2024-05-31', 'active', '2024-01-01', 1),
    (3, 3, NULL, 'archived', '2024-01-01', 1), (4, 4, NULL, 'active', NULL, 1), (5, 5, NULL, 'active', '2024-01-01', 0),
    (6, 6, '2024-05-31', 'active', '2024-01-01', 1);
  CREATE TABLE events (id INT PRIMARY KEY, stock INT);
  INSERT INTO events VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7)`;

const mapping = (db: string): object => ({
  [`${db}.products`]: {
    keys: [
      { key: 'product:{id}:stock', value: { string: 'stock' } },
      {
        key: 'product:{id}',
        value: { json: { id: 'id', 'state.stock': 'stock', 'state.price.0': 'price' } },
      },
      { key: 'product:{id}:info', value: { hash: { stock: 'stock', price: 'price' } } },
      { key: 'stocks', field: '{id}', value: { string: 'stock' } },
      { key: 'product:{id}:by:{sku}' },
      { key: 'product:{id}:of:{stock}' },
      { key: 'sku:{sku}', value: { string: 'id' } },
      { key: 'page:{id}:{locale}', with: { locale: ['en', 'de'] }, value: { string: 'stock' } },
      { key: 'promo:{id}', when: ['price'], value: { string: 'price' } },
      { key: 'category:{category_id}:price', value: { string: 'price' } },
    ],
  },
  [`${db}.soft`]: {
    gone: { deleted_at: 'notNull', status: 'archived', published_at: null, active: false },
    keys: [
      { key: 'soft:{id}', value: { string: 'stock' }, expect: 'present' },
      { key: 'soft:{id}:page', expect: 'present' },
    ],
  },
  [`${db}.events`]: { keys: [{ key: 'event:{id}', value: { string: 'stock' } }] },
});

/** As readers fill the cache: every key of every row, right. */
async function fillAll({ cache, prefix }: World): Promise<void> {
  const fills = cache.pipeline();
  for (const id of PRODUCTS) {
    const stock = id === 16 ? null : id;
    const document = { state: { price: [`${id}.5`], stock }, id: String(id), more: 'x' };
    fills.set(`${prefix}product:${id}`, JSON.stringify(document));
    fills.set(`${prefix}product:${id}:stock`, String(stock));
    fills.hset(`${prefix}product:${id}:info`, { stock: stock ?? '', price: `${id}.500`, more: 'x' });
    fills.hset(`${prefix}stocks`, String(id), stock ?? '');
    fills.set(`${prefix}product:${id}:by:sku-${id}`, 'page').set(`${prefix}sku:sku-${id}`, id);
    if (stock !== null) fills.set(`${prefix}product:${id}:of:${stock}`, 'page');
    for (const locale of ['en', 'de']) fills.set(`${prefix}page:${id}:${locale}`, stock ?? '');
    fills.set(`${prefix}promo:${id}`, `${id}.5`);
  }
  for (const id of [1, 2, 3, 4, 5]) fills.set(`${prefix}soft:${id}`, id);
  fills.set(`${prefix}soft:1:page`, 'page').set(`${prefix}soft:2:page`, 'page');
  fills.set(`${prefix}event:7`, 7).set(`${prefix}category:1:price`, 'of another row');
  await fills.exec();
}

/** Each with the kind as which it must be found. */
const PLANTED = [
  'stale product:1:stock',
  'stale product:2',
  'stale product:3',
  'stale product:4:info',
  'stale stocks -> 5',
  'stale page:6:de',
  'stale promo:7',
  // row 8 is deleted
  ...['product:8:stock', 'product:8', 'product:8:info', 'stocks -> 8', 'product:8:by:sku-8'].map(orphan),
  ...['product:8:of:8', 'page:8:en', 'page:8:de', 'promo:8'].map(orphan),
  'secondary_key_moved sku:sku-8', // it does not say which row it was
  // the sku of row 9 changes
  'secondary_key_moved product:9:by:sku-9',
  'secondary_key_moved sku:sku-9',
  'unparseable product:10',
  'unparseable product:11:stock',
  'unparseable product:12:info',
  'unparseable product:13:info',
  'unparseable product:14',
  'unparseable stocks -> 15',
  'secondary_key_moved product:16:of:0', // NULL makes no key
  ...['product:900:stock', 'product:901:info', 'stocks -> 902', 'page:903:de', 'product:904:by:x'].map(
    orphan,
  ),
  'secondary_key_moved category:2:price',
  ...['soft:2', 'soft:3', 'soft:4', 'soft:5', 'soft:2:page', 'soft:90:page'].map(orphan),
  'stale event:1',
  'stale event:2',
  'stale event:3',
  'stale event:4',
  'orphan event:5',
  'orphan event:6',
];
const MISSING = ['missing soft:7', 'missing soft:7:page'];

function orphan(place: string): string {
  return `orphan ${place}`;
}

async function plant({ cache, prefix, sql }: World): Promise<void> {
  await sql.query(`SET sql_log_bin = 0; DELETE FROM products WHERE id = 8;
    UPDATE products SET sku = 'sku-of-today' WHERE id = 9;
    INSERT INTO soft VALUES (7, 7, NULL, 'active', '2024-01-01', 1); SET sql_log_bin = 1`);
  const key = (name: string): string => prefix + name;
  const plants = cache.pipeline();
  plants.set(key('product:1:stock'), 99);
  plants.set(key('product:2'), JSON.stringify({ id: 2, state: { stock: 99, price: ['2.50'] } }));
  plants.set(key('product:3'), JSON.stringify({ id: 3, state: { stock: 3, price: ['3.51'] } }));
  plants.hset(key('product:4:info'), 'price', '4.05');
  plants.hset(key('stocks'), { 5: 99, 15: 'many', 902: 1 });
  plants.set(key('page:6:de'), 5).set(key('promo:7'), '7.49');
  plants.set(key('product:10'), 'no document').del(key('product:11:stock'), key('product:13:info'));
  plants.rpush(key('product:11:stock'), '11').hdel(key('product:12:info'), 'stock');
  plants.set(key('product:13:info'), '13').del(key('product:14')).hset(key('product:14'), 'id', 14);
  plants.set(key('product:16:of:0'), 'page');
  plants.set(key('product:900:stock'), 1).hset(key('product:901:info'), 'stock', 1);
  plants.set(key('page:903:de'), 1).set(key('product:904:by:x'), 1);
  plants.set(key('category:2:price'), 1).set(key('soft:90:page'), 1);
  await plants.exec();
}

/** The rows of events have a past of their own each. */
async function plantHistories({ cache, prefix, sql, ...rest }: World): Promise<void> {
  await sql.query(
    'UPDATE events SET stock = stock * 10 WHERE id BETWEEN 2 AND 5; DELETE FROM events WHERE id = 6',
  );
  await untilHandled({ cache, prefix, sql, ...rest }, 5);
  const fill = (id: number, stock: number): Promise<unknown> => cache.set(`${prefix}event:${id}`, stock);
  await Promise.all([fill(1, 99), fill(2, 20), fill(3, 3), fill(4, 99), fill(5, 50), fill(6, 6)]);
  await sql.query(`SET sql_log_bin = 0; UPDATE events SET stock = 21 WHERE id = 2;
    DELETE FROM events WHERE id = 5; SET sql_log_bin = 1`);
}

const counted = (found: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    DRIFT_KINDS.map((kind) => [kind, found.filter((each) => each.startsWith(`${kind} `)).length]),
  );

const run = (...args: string[]): Promise<ObservedRun> =>
  observeRun({ world, path, args, webhook, sharedHashes: ['stocks'] });

beforeAll(async () => {
  [world, webhook] = await Promise.all([createWorld(inject('servers')), openWebhook()]);
  await world.sql.query(TABLES);
  path = await world.configure(mapping(world.id), {
    reconcile: { confirmAfter: '100ms' },
    alerts: { webhook: webhook.url },
  });
  await world.run(path, ...PIPELINE);
  await fillAll(world);
  await plant(world);
  await plantHistories(world);
  reportOnly = await run('--report-only');
  repairing = await run();
  await world.cache.mset(`${world.prefix}soft:7`, 7, `${world.prefix}soft:7:page`, 'page');
  mended = await run();
});
afterAll(async () => {
  await webhook.close();
  await world.close();
});

describe('a run', () => {
  test('finds every drifted value as what it is, and no other', () => {
    expect(repairing).toMatchObject({ code: 3, report: { status: 'finished', undecided: 0, skipped: [] } });
    expect(repairing.told).toEqual([...PLANTED, ...MISSING].sort());
    expect(repairing.report.drift).toEqual(counted([...PLANTED, ...MISSING]));
  });

  test('deletes the drifted values, fields of shared hashes alone, and leaves everything else as it is', () => {
    expect(repairing.changed).toEqual(PLANTED.map(placeIn).sort());
    expect(repairing.report.repaired).toBe(PLANTED.length);
  });

  test('finds nothing any more once all is mended', () => {
    expect(mended).toMatchObject({ code: 0, told: [], changed: [] });
    expect(mended.report).toMatchObject({ status: 'finished', drift: counted([]), repaired: 0 });
  });

  test('with --report-only finds the same and deletes nothing', () => {
    expect(reportOnly.told).toEqual([...PLANTED, ...MISSING].sort());
    expect(reportOnly.changed).toEqual([]);
    expect(reportOnly).toMatchObject({ code: 3, report: { repairs: false, repaired: 0 } });
  });

  test('says of a value that several rows may feed that it was not compared', () => {
    const partly = repairing.report.coverage.filter(({ why }) => why !== '');
    expect(partly.map(({ template, values, keys, why }) => [template, values, keys, why])).toEqual([
      ['product:{id}:by:{sku}', false, true, 'no value is declared'],
      ['product:{id}:of:{stock}', false, true, 'no value is declared'],
      ['category:{category_id}:price', false, true, 'several rows may feed one of its keys'],
      ['soft:{id}:page', false, true, 'no value is declared'],
    ]);
  });
});

describe('others are told', () => {
  test('by one message for each drifted value, under the primary key of its row', () => {
    const told = new Map(repairing.messages.map((each) => [each.value.key.slice(world.prefix.length), each]));
    const common = { event: 'inventory_inconsistency', name: world.id, run: repairing.report.id };
    expect(told.get('product:2')).toMatchObject({
      key: '{"id":2}',
      value: {
        ...common,
        table: `${world.id}.products`,
        template: 'product:{id}',
        kind: 'stale',
        cached: '{"id":2,"state":{"stock":99,"price":["2.50"]}}',
        repaired: true,
      },
    });
    expect(JSON.stringify(told.get('product:2')?.value.row)).toContain('2.50');
    expect(told.get('product:8')).toMatchObject({ key: '{"id":8}', value: { row: null, repaired: true } });
    expect(told.get('soft:7')).toMatchObject({
      key: '{"id":7}',
      value: { ...common, kind: 'missing', cached: null, row: '7', repaired: false },
    });
    expect(told.get('sku:sku-9')).toMatchObject({ key: null, value: { repaired: true } }); // which row was it?
    expect(reportOnly.messages.filter(({ value }) => value.repaired)).toEqual([]);
  });

  test('by one summary to the webhook for each run with drift, and by none without', () => {
    const [post, ...more] = repairing.posts;
    expect(more).toEqual([]);
    expect(JSON.parse(post ?? '')).toMatchObject({
      event: 'drift',
      name: world.id,
      details: {
        run: repairing.report.id,
        drifted: PLANTED.length + MISSING.length,
        repaired: PLANTED.length,
      },
    });
    expect(reportOnly.posts).toHaveLength(1);
    expect(mended.posts).toEqual([]);
  });
});

test('the change topic tells of each sample whether an event was seen, missed, or followed by a late fill', () => {
  const samples = repairing.report.samples.filter(({ table }) => table === `${world.id}.events`);
  const verdicts = samples.map(({ key, history }) => `${key.slice(world.prefix.length)} ${history.verdict}`);
  expect(verdicts.sort()).toEqual([
    'event:1 no_event',
    'event:2 event_missed',
    'event:3 late_fill',
    'event:4 event_seen',
    'event:5 event_missed',
    'event:6 late_fill',
  ]);
  const late = samples.find(({ key }) => key.endsWith('event:3'));
  expect(late?.history.changes).toMatchObject([{ operation: 'update', changed: ['stock'] }]);
});

test('reports can be listed, shown and made a page of', async () => {
  const file = join(world.directory, 'report.html');
  const [list, shown, page] = await Promise.all([
    world.command('report', 'list', '-c', path, '--json'),
    world.command('report', 'show', repairing.report.id, '-c', path),
    world.command('report', 'html', repairing.report.id, '-c', path, '-o', file),
  ]);
  expect([list.code, shown.code, page.code], list.stderr + shown.stderr + page.stderr).toEqual([0, 0, 0]);
  const ids = (JSON.parse(list.stdout) as { id: string }[]).map(({ id }) => id);
  expect(ids).toEqual([mended, repairing, reportOnly].map(({ report }) => report.id));
  expect(shown.stdout).toContain(`${world.prefix}product:2`);
  expect(await readFile(file, 'utf8')).toContain(`${world.prefix}product:2`);
});
