import { z } from 'zod';
import type { GoneWhen, KeyMapping, TableMapping, ValueMapping } from '../mapping/table-mapping.js';
import { captureNames, keyProblems } from '../mapping/key-problems.js';
import { evenIfFlawed, filledText } from './fields.js';
import { parseTableMatch } from './table-match.js';

const columnName = () => filledText('expected a column name');
const columnsByName = (what: string) =>
  z
    .record(z.string(), columnName(), { error: `expected ${what} and column names, like { price: price }` })
    .refine((columns) => Object.keys(columns).length > 0, {
      error: `expected at least one ${what} and its column`,
    });

const valueForm = 'expected { string: column }, { json: { path: column } } or { hash: { field: column } }';

const value = z
  .strictObject(
    {
      string: columnName().optional().describe('The column that the key holds as text.'),
      json: columnsByName('paths')
        .optional()
        .describe('Paths in the JSON document, and the columns they show.'),
      hash: columnsByName('fields').optional().describe('Fields of the hash, and the columns they show.'),
    },
    { error: valueForm },
  )
  .refine((data) => [data.string, data.json, data.hash].filter((form) => form !== undefined).length === 1, {
    error: `${valueForm}, one of them`,
  })
  .transform(({ string, json, hash }): ValueMapping => {
    if (string !== undefined) return { kind: 'string', column: string };
    return json !== undefined ? { kind: 'json', columns: json } : { kind: 'hash', columns: hash ?? {} };
  });

const key = z.strictObject(
  {
    key: filledText('expected a key template, like "product:{id}"').describe('The key template.'),
    field: filledText('expected a template, like "{id}"')
      .optional()
      .describe('Template of a hash field: only this field is deleted, not the whole key.'),
    with: z
      .record(
        z.string(),
        z
          .array(filledText('expected text'), { error: 'expected a list of values, like [en, de]' })
          .min(1, { error: 'expected at least one value' }),
        { error: 'expected names and lists of values, like { locale: [en, de] }' },
      )
      .optional()
      .describe('Names with a finite list of values; every combination is deleted (at most 1000).'),
    when: z
      .array(columnName(), { error: 'expected a list of columns, like [status]' })
      .min(1, { error: 'expected at least one column; leave `when` out if every change counts' })
      .optional()
      .describe('Only updates that change one of these columns, of the key itself, or of `gone`, count.'),
    value: value
      .optional()
      .describe(
        'What the key holds, for comparing it with its row; without it the key is only ever deleted.',
      ),
    expect: z
      .literal('present', { error: 'expected present; leave `expect` out if the key may be missing' })
      .optional()
      .describe('A missing key counts as drift, too. One of `present`.'),
  },
  { error: 'expected a key template, or { key: "…", … }' },
);

const keyFromText = (input: unknown): unknown => (typeof input === 'string' ? { key: input } : input);

/** YAML reads `null`, `0` and `false` as what they are, not as text. MySQL's booleans are numbers. */
const goneWhen = z
  .union([z.string(), z.number(), z.boolean(), z.null()], { error: 'expected notNull, null, or a value' })
  .transform((input): GoneWhen => {
    if (input === null || input === 'null') return 'null';
    if (input === 'notNull') return input;
    return { is: typeof input === 'string' ? input : String(Number(input)) };
  });

const gone = z.record(columnName(), goneWhen, {
  error: 'expected columns and what tells that the row is gone, like { deleted_at: notNull }',
});

const table = z.strictObject(
  {
    keys: z
      .array(z.preprocess(keyFromText, key).meta({ alsoText: true }), {
        error: 'expected a list of key templates',
      })
      .min(1, { error: 'expected at least one key template' })
      .describe('The keys which a row of this table feeds.'),
    gone: gone
      .optional()
      .describe(
        'Soft deletes: columns, and what they hold in rows that expect no key: `notNull`, `null` or a value.',
      ),
  },
  { error: 'expected { keys: […] }' },
);

export const tablesSchema = z
  .record(z.string(), table, { error: 'expected tables, like shop.products: { keys: ["product:{id}"] }' })
  .superRefine((tables: unknown, context) => {
    const broken = context.issues.flatMap(({ code, path }) =>
      code === 'unrecognized_keys' ? [] : [path ?? []],
    );
    for (const issue of templateIssues(tables, broken)) context.addIssue({ code: 'custom', ...issue });
  }, evenIfFlawed)
  .transform((tables): TableMapping[] =>
    Object.entries(tables).flatMap(([name, { keys, gone }]) => {
      const match = parseTableMatch(name);
      return match.kind === 'problem' ? [] : [{ name, match, keys, gone }];
    }),
  )
  .describe('Which rows feed which keys, by table: `db.table`, or a pattern `/regular expression/`.');

interface Issue {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** What is wrong with names of tables and with templates, as far as the fields are what they should be. */
function templateIssues(tables: unknown, broken: readonly PropertyKey[][]): Issue[] {
  if (typeof tables !== 'object' || tables === null || Array.isArray(tables)) return [];
  const entries = Object.entries(tables as Readonly<Record<string, unknown>>);
  if (entries.length === 0) return [{ path: [], message: 'expected at least one table' }];
  return entries.flatMap(([name, entry]) => {
    const match = parseTableMatch(name);
    const captures = match.kind === 'pattern' ? captureNames(match.pattern) : [];
    const naming = match.kind === 'problem' ? [{ path: [name], message: match.problem }] : [];
    const keys = keysOf(entry).flatMap((mapping, index) => {
      const at = [name, 'keys', index];
      const intact = intactPart(mapping, at, broken);
      return intact
        ? keyProblems(intact, captures).map(({ path, message }) => ({ path: [...at, ...path], message }))
        : [];
    });
    return [...naming, ...keys];
  });
}

/** The mapping without the fields that are wrong in themselves; undefined if its key is. */
function intactPart(
  mapping: unknown,
  at: PropertyKey[],
  broken: readonly PropertyKey[][],
): KeyMapping | undefined {
  const isBroken = (path: readonly PropertyKey[]): boolean =>
    broken.some((other) => isWithin(other, path) || isWithin(path, other));
  if (typeof mapping !== 'object' || mapping === null || isBroken([...at, 'key'])) return undefined;
  const lost = ['field', 'with', 'when', 'value'].filter((name) => isBroken([...at, name]));
  if (lost.includes('field')) lost.push('with'); // nobody can tell which of its names are used
  return Object.fromEntries(
    Object.entries(mapping).filter(([name]) => !lost.includes(name)),
  ) as unknown as KeyMapping;
}

const isWithin = (outer: readonly PropertyKey[], inner: readonly PropertyKey[]): boolean =>
  outer.every((step, index) => step === inner[index]);

function keysOf(entry: unknown): readonly unknown[] {
  const keys: unknown =
    typeof entry === 'object' && entry !== null && 'keys' in entry ? entry.keys : undefined;
  return Array.isArray(keys) ? keys : [];
}
