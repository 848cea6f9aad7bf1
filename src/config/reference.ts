import { errorTable } from '../errors.js';
import { configJsonSchema, type JsonSchema } from './json-schema.js';

/** The README's table of configuration fields, made from the schema. */
export function configurationReference(): string {
  const rows = rowsOf(configJsonSchema(), '').map(({ path, preset, meaning }) => [
    `\`${path}\``,
    preset,
    meaning,
  ]);
  return table(['field', 'default', 'meaning'], rows);
}

/** The README's table of error codes, made from the table in errors.ts. */
export function errorReference(): string {
  const rows = Object.entries(errorTable).map(([code, { fate, exitCode, meaning }]) => [
    `\`${code}\``,
    fate,
    String(exitCode),
    meaning,
  ]);
  return table(['code', 'fate', 'exit code', 'meaning'], rows);
}

interface Row {
  readonly path: string;
  readonly preset: string;
  readonly meaning: string;
}

function rowsOf(schema: JsonSchema, path: string): Row[] {
  const form = schema.anyOf?.[0] ?? schema;
  const children = Object.entries(form.properties ?? {}).flatMap(([name, child]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = form.required?.includes(name) === true;
    return [...ownRow(child, at, required), ...rowsOf(child, at)];
  });
  const named = form.additionalProperties;
  return [
    ...children,
    ...(path === 'tables' && typeof named === 'object' ? rowsOf(named, `${path}.<name>`) : []),
    ...(form.items === undefined ? [] : rowsOf(form.items, `${path}[]`)),
  ];
}

function ownRow(schema: JsonSchema, path: string, required: boolean): Row[] {
  const form = schema.anyOf?.[0] ?? schema;
  const isSection = form.properties !== undefined;
  const values = form.enum?.map((value) => `\`${String(value)}\``).join(', ');
  const preset = required
    ? 'required'
    : isSection || schema.default === undefined
      ? ''
      : `\`${JSON.stringify(schema.default)}\``;
  return [
    {
      path,
      preset,
      meaning: `${schema.description ?? ''}${values === undefined ? '' : ` One of ${values}.`}`,
    },
  ];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
