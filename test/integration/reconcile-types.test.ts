import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type ObservedRun, PIPELINE, observeRun, placeIn } from '../support/reconcile.js';
import { TYPED_VALUES, type TypedValue } from '../support/typed-values.js';
import { type World, createWorld } from '../support/world.js';

let world: World;
let path: string;
let expected: readonly string[];
let whole: ObservedRun;
let ofOneShard: ObservedRun;

/** One cached form of a value, in a row of its own. */
interface Form {
  readonly id: number;
  readonly column: string;
  readonly sql: string;
  readonly form: 'text' | 'field' | 'document';
  readonly held: string;
  /** As which it must be found; undefined where it is equal. */
  readonly kind: 'stale' | 'unparseable' | undefined;
}

const KINDS = [undefined, 'stale', 'unparseable'] as const;

const FORMS: readonly Form[] = TYPED_VALUES.flatMap((typed, index) => formsOf(typed, `c${index}`)).map(
  (form, index) => ({ ...form, id: index + 1 }),
);

function formsOf(typed: TypedValue, column: string): Omit<Form, 'id'>[] {
  const texts = [typed.texts, typed.otherTexts, typed.unlikeTexts ?? []];
  const documents = [typed.documents, typed.otherDocuments, typed.unlikeDocuments ?? []];
  const of = (form: Form['form'], lists: readonly (readonly string[])[]): Omit<Form, 'id'>[] =>
    lists.flatMap((list, index) =>
      list.map((held) => ({ column, sql: typed.value, form, held, kind: KINDS[index] })),
    );
  // A field of a hash holds the text itself, never a JSON literal of it.
  const fields = texts.map((list) => list.filter((text) => !text.startsWith('"')));
  return [...of('text', texts), ...of('field', fields), ...of('document', documents)];
}

const keyOf = ({ id, form, column }: Form): string => `${form}:${id}:${column}`;

/** With whatever a reader of keys could stumble over. */
const NAMES = [
  'plain',
  'with spaces ',
  'a:b:c',
  '{braces}',
  '*',
  '?[a-z]\\*',
  'line\nbreak\r\n',
  'ümläut \u{1F469}\u200D\u{1F469}\u200D\u{1F467}',
  'cafe\u0301',
  '"quoted\'',
  '%41%2f',
  'anna',
  '',
];

const TABLES = `
  CREATE TABLE typed (id INT PRIMARY KEY, ${TYPED_VALUES.map(({ type }, index) => `c${index} ${type} NULL`).join()});
  CREATE TABLE named (name VARCHAR(60) PRIMARY KEY, n INT);
  CREATE TABLE pairs (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (a, b));
  INSERT INTO pairs VALUES ('x', 'y:z', 1), ('u:v', 'w', 2);
  CREATE TABLE mixed (day DATE, number BIGINT UNSIGNED, text VARCHAR(20), n INT, PRIMARY KEY (text, number, day));
  INSERT INTO mixed VALUES ('2024-05-31', 18446744073709551615, 'a:1', 1), ('2024-05-31', 18446744073709551614, 'a', 2);
  CREATE TABLE shard_1 (id INT PRIMARY KEY, stock INT);
  CREATE TABLE shard_2 LIKE shard_1;
  INSERT INTO shard_1 VALUES (1, 11), (2, 12);
  INSERT INTO shard_2 VALUES (1, 21);
  CREATE TABLE part_1 (id INT PRIMARY KEY, stock INT, deleted_at DATETIME);
  CREATE TABLE part_2 LIKE part_1;
  INSERT INTO part_1 VALUES (1, 1, NULL), (3, 30, NOW()), (5, 5, NOW()), (6, 6, NULL);
  INSERT INTO part_2 VALUES (2, 2, NULL), (3, 3, NULL), (7, 7, NULL)`;

const mapping = (db: string): object => ({
  [`${db}.typed`]: {
    keys: TYPED_VALUES.flatMap((_, index) => [
      { key: `text:{id}:c${index}`, value: { string: `c${index}` } },
      { key: `field:{id}:c${index}`, value: { hash: { v: `c${index}` } } },
      { key: `document:{id}:c${index}`, value: { json: { 'in.v': `c${index}` } } },
    ]),
  },
  [`${db}.named`]: {
    keys: [
      { key: 'name:{name}', value: { string: 'n' } },
      { key: 'names', field: '{name}', value: { string: 'n' } },
      { key: 'url:{name|url}:end', value: { string: 'n' } },
    ],
  },
  [`${db}.pairs`]: { keys: [{ key: 'pair:{a}:{b}', value: { string: 'n' } }] },
  [`${db}.mixed`]: { keys: [{ key: 'mixed:{text}:{number}:{day}', value: { string: 'n' } }] },
  [`/^${db}\\.shard_(?<shard>\\d)$/`]: { keys: [{ key: 'shard:{shard}:{id}', value: { string: 'stock' } }] },
  [`/^${db}\\.part_\\d$/`]: {
    gone: { deleted_at: 'notNull' },
    keys: [
      { key: 'part:{id}', value: { string: 'stock' } },
      { key: 'parts', field: '{id}', value: { string: 'stock' } },
    ],
  },
});

async function fillTyped({ sql, cache, prefix }: World): Promise<string[]> {
  const inserts = FORMS.map(
    (form) => `INSERT INTO typed (id, ${form.column}) VALUES (${form.id}, ${form.sql})`,
  );
  await sql.query(`START TRANSACTION; ${inserts.join(';')}; COMMIT`);
  const fills = cache.pipeline();
  for (const form of FORMS) {
    const key = prefix + keyOf(form);
    if (form.form === 'field') fills.hset(key, 'v', form.held);
    else fills.set(key, form.form === 'text' ? form.held : `{"in": {"v": ${form.held}}}`);
  }
  await fills.exec();
  return FORMS.flatMap((form) => (form.kind === undefined ? [] : [`${form.kind} ${keyOf(form)}`]));
}

/** Each name's keys are right, its field is stale; and no row has the name with an x behind it. */
async function fillNamed({ sql, cache, prefix }: World): Promise<string[]> {
  await sql.query('INSERT INTO named VALUES ?', [NAMES.map((name, index) => [name, index])]);
  const fills = cache.pipeline();
  NAMES.forEach((name, index) => {
    fills.set(`${prefix}name:${name}`, index).set(`${prefix}name:${name}x`, index);
    fills.set(`${prefix}url:${encodeURIComponent(name)}:end`, index);
    fills.hset(`${prefix}names`, { [name]: index + 1, [`${name}x`]: 1 });
  });
  fills.set(`${prefix}name:Anna`, NAMES.indexOf('anna')); // equal for the collation, but no row makes this key
  await fills.exec();
  const drifted = NAMES.flatMap((name) => [
    `orphan name:${name}x`,
    `stale names -> ${name}`,
    `orphan names -> ${name}x`,
  ]);
  return [...drifted, 'orphan name:Anna'];
}

const RIGHT: Readonly<Record<string, number>> = {
  'pair:x:y:z': 1,
  'mixed:a:1:18446744073709551615:2024-05-31': 1,
  'shard:1:1': 11,
  'shard:1:2': 12,
  'part:1': 1,
  'part:2': 2,
  'part:3': 3, // gone in one of the tables
  'part:6': 6,
  'part:7': 7,
};
const DRIFTED: Readonly<Record<string, number>> = {
  'stale pair:u:v:w': 9,
  'orphan pair:q:r': 1,
  'orphan pair:q:r:s': 1, // which of both columns holds the colon?
  'stale mixed:a:18446744073709551614:2024-05-31': 9,
  'orphan mixed:a:18446744073709551614:2024-06-01': 2,
  'orphan mixed:a:18446744073709551613:2024-05-31': 2,
  'stale shard:2:1': 11,
  'orphan shard:2:2': 12,
  'orphan part:4': 4,
  'orphan part:5': 5,
};
const DRIFTED_FIELDS = ['stale parts -> 2', 'orphan parts -> 4', 'orphan parts -> 5'];

async function fillOthers({ cache, prefix }: World): Promise<string[]> {
  await cache.mset(new Map(Object.entries(RIGHT).map(([key, held]) => [prefix + key, held])));
  await cache.mset(new Map(Object.entries(DRIFTED).map(([key, held]) => [prefix + placeIn(key), held])));
  await cache.hset(`${prefix}parts`, { 1: 1, 2: 1, 3: 3, 4: 4, 5: 5 });
  return [...Object.keys(DRIFTED), ...DRIFTED_FIELDS];
}

const run = (...args: string[]): Promise<ObservedRun> =>
  observeRun({ world, path, args, sharedHashes: ['names', 'parts'] });

beforeAll(async () => {
  world = await createWorld(inject('servers'));
  await world.sql.query(`SET time_zone = '+00:00'; ${TABLES}`);
  path = await world.configure(mapping(world.id), {
    reconcile: { confirmAfter: '100ms', maxRepairs: { share: 1 } },
  });
  expected = (await Promise.all([fillTyped(world), fillNamed(world), fillOthers(world)])).flat().sort();
  await world.run(path, ...PIPELINE);
  whole = await run();
  const { cache, prefix, id } = world;
  await cache.mset(`${prefix}part:1`, 9, `${prefix}part:7`, 9, `${prefix}part:8`, 8);
  ofOneShard = await run('--table', `${id}.part_1`);
});
afterAll(() => world.close());

describe('a cached value equals its row in every form that means the same, and in no other', () => {
  const formAt = new Map(FORMS.map((form) => [keyOf(form), form]));

  test.each(TYPED_VALUES.map(({ type, value }, index) => [type, value, index] as const))(
    '%s %s',
    (_type, _value, index) => {
      const told = (places: readonly string[]): string[] =>
        places.flatMap((each) => {
          const form = formAt.get(placeIn(each));
          return form?.column === `c${index}` ? [`${each}: ${form.held}`] : [];
        });
      expect(told(whole.told)).toEqual(told(expected));
      expect(told(expected).length).toBeGreaterThan(2);
    },
  );
});

test.each([
  ['whatever text the row key is', /^(name|url)/],
  ['whatever columns the row key has, in several ways if there are several', /^(pair|mixed)/],
  ['of sharded tables, whose names are part of the key', /^shard/],
  ['of sharded tables that share their keys: none is an orphan while any of them has the row', /^part/],
])('keys are traced back to their rows, %s', (_title, pattern) => {
  const among = (places: readonly string[]): string[] => places.filter((each) => pattern.test(placeIn(each)));
  expect(among(whole.told)).toEqual(among(expected));
});

test('what was found is deleted, and nothing else', () => {
  expect(whole).toMatchObject({ code: 3, report: { status: 'finished', undecided: 0, skipped: [] } });
  expect(whole.changed).toEqual(expected.map(placeIn).sort());
});

test('--table looks at one table alone, and takes no key of another for an orphan', () => {
  expect(ofOneShard.report.tables.map(({ table }) => table)).toEqual([`${world.id}.part_1`]);
  expect(ofOneShard.report.coverage.map(({ table }) => table)).toEqual(Array(2).fill(`${world.id}.part_1`));
  expect(ofOneShard.told).toEqual(['orphan part:8', 'stale part:1']);
  expect(ofOneShard.changed).toEqual(['part:1', 'part:8']);
});
