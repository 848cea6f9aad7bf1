import type { z } from 'zod';
import { suggestion } from '../mapping/suggest.js';
import { configJsonSchema, type JsonSchema } from './json-schema.js';
import { notYet } from './not-yet.js';
import type { Path, Place, YamlSource } from './yaml-source.js';

/** One thing that is wrong with the configuration file. */
export interface Problem {
  /** Like `tables["shop.products"].keys[0].key`; empty for the file as a whole. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  /** What would be right. */
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** Tells what the schema found in the words of the file, with places and suggestions. Shows no secret. */
export function problemsOf(issues: readonly Issue[], source: YamlSource): Problem[] {
  const root = configJsonSchema();
  const unknown = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
  const excused = new Set(unknown.map((path) => notYet(path)?.excuses).map((path) => path && pathText(path)));
  const found = issues.flatMap((issue) => {
    const place = source.placeOf(issue.path);
    const isExcused = isAbsent(place) && excused.has(pathText(issue.path));
    if (issue.code === 'unrecognized_keys' || place.failed || isExcused) return [];
    return [problemAt(issue.path, place, messageOf(issue, place, root))];
  });
  return [
    ...unknown.map((path) => problemAt(path, source.placeOf(path), unknownField(path, root))),
    ...found,
  ];
}

/** Nothing is written there, or a section that lacks what makes it whole. */
const isAbsent = ({ written }: Place): boolean => written === undefined || written === 'fields';

function problemAt(path: Path, { line, column, insertions }: Place, message: string): Problem {
  // What came from the environment is told by its reference; very short texts are no secrets.
  const shown = insertions
    .filter(({ value }) => value.length >= 4)
    .reduce((text, { value, reference }) => text.replaceAll(value, reference), message);
  return { path: pathText(path), line, column, message: shown };
}

function messageOf(issue: Issue, place: Place, root: JsonSchema): string {
  const expected = expectation(issue, root);
  if (place.written === undefined) return `required; ${expected}`;
  const isScalar = place.written !== 'fields' && place.written !== 'a list';
  const tells = expected.startsWith('expected') && (isScalar || issue.code === 'invalid_type');
  return tells && mayShow(issue.path, place.written) ? `${expected}; found ${place.written}` : expected;
}

function expectation(issue: Issue, root: JsonSchema): string {
  if (issue.code === 'invalid_value')
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  const isPlain = issue.code === 'invalid_type' && issue.message.startsWith('Invalid input');
  return isPlain ? `expected fields: ${fieldsAt(issue.path, root).join(', ')}` : issue.message;
}

const secretFields: ReadonlySet<PropertyKey> = new Set(['url', 'password', 'token', 'webhook', 'username']);

/** Anything with an @ may be a URL with a password that stands in the wrong field. */
const mayShow = (path: Path, written: string): boolean =>
  !written.includes('@') && !path.some((step) => secretFields.has(step));

function unknownField(path: Path, root: JsonSchema): string {
  if (notYet(path)) return 'not supported yet; leave it out';
  const fields = fieldsAt(path.slice(0, -1), root);
  const hint = suggestion(String(path.at(-1)), fields);
  return `there is no such field${hint === '' ? `; the fields here are ${fields.join(', ')}` : hint}`;
}

function fieldsAt(path: Path, root: JsonSchema): readonly string[] {
  let schema: JsonSchema | undefined = root;
  for (const step of path) schema = schema && stepInto(schema, step);
  return Object.keys(schema?.properties ?? schema?.anyOf?.[0]?.properties ?? {});
}

function stepInto(schema: JsonSchema, step: PropertyKey): JsonSchema | undefined {
  const { properties, additionalProperties, items } = schema.anyOf?.[0] ?? schema;
  if (typeof step === 'number') return items;
  return (
    properties?.[String(step)] ??
    (typeof additionalProperties === 'object' ? additionalProperties : undefined)
  );
}

export function pathText(path: Path): string {
  return path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      return /^[\w-]+$/.test(String(step)) ? `.${String(step)}` : `[${JSON.stringify(step)}]`;
    })
    .join('')
    .replace(/^\./, '');
}
