/**
 * In: the mapping and the schema of the tables it names. Out: what would make wrong keys, or none, and the way
 * out of each. Pure; run before the first row is read, since a wrong key deletes nothing and says nothing.
 */
import type { TableName } from '../domain/change.js';
import type { BoundTemplate } from './bound-template.js';
import type { CompiledKey } from './compiled-key.js';
import type { Mapping, TablePlan } from './mapping.js';
import { nearest, suggestion } from './suggest.js';
import { columnsOfValue, tableText } from './table-mapping.js';
import type { ColumnInfo, TableSchema } from './table-schema.js';
import { parseTemplate } from './template.js';

export interface CheckResult {
  /** Each makes the mapping unusable. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * @param schemas of the tables that the mapping matches; others are ignored
 * @param existing all tables of the server, for "did you mean"
 */
export function checkMapping(
  mapping: Mapping,
  schemas: readonly TableSchema[],
  existing: readonly TableName[] = schemas.map(({ table }) => table),
): CheckResult {
  const names = existing.map(tableText);
  const missing = mapping.tables.flatMap(({ match }) =>
    match.kind === 'exact' && !schemas.some(({ table }) => tableText(table) === tableText(match.table))
      ? [missingTable(tableText(match.table), names)]
      : [],
  );
  const idle = mapping.tables.flatMap(({ name, match }) =>
    match.kind === 'pattern' && !schemas.some(({ table }) => match.pattern.test(tableText(table)))
      ? [`tables: the pattern ${name} matches no table now; tables that come later are read`]
      : [],
  );
  const checked = schemas.flatMap((schema) => {
    const plan = mapping.planFor(schema.table);
    return plan ? [checkTable(plan, schema)] : [];
  });
  return {
    problems: [...missing, ...checked.flatMap(({ problems }) => problems)],
    warnings: [...idle, ...checked.flatMap(({ warnings }) => warnings)],
  };
}

function missingTable(name: string, existing: readonly string[]): string {
  if (existing.includes(name))
    return `${name}: its columns cannot be read; GRANT SELECT ON ${name} to our user`;
  return `${name}: there is no such table, or our user may not see it${suggestion(name, existing)}`;
}

export function checkTable(
  plan: TablePlan,
  { columns, rowKey }: Pick<TableSchema, 'columns' | 'rowKey'>,
): CheckResult {
  const table = tableText(plan.table);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const found = plan.templates.map((template) => checkTemplate(template, byName));
  const tell = (messages: readonly string[]): string[] =>
    [...new Set(messages)].map((message) => `${table}: ${message}`);
  return {
    problems: tell([
      ...(rowKey === undefined ? [noRowKey(table)] : []),
      ...found.flatMap(({ problems }) => problems),
    ]),
    warnings: tell(found.flatMap(({ warnings }) => warnings)),
  };
}

function noRowKey(table: string): string {
  return (
    'it has neither a primary key nor a unique key without nullable columns, so that changes of one row cannot be ' +
    `kept in order; ALTER TABLE ${table} ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY ` +
    '(append INVISIBLE after the type if programs SELECT *; new tables get one by themselves with ' +
    'SET PERSIST sql_generate_invisible_primary_key = ON)'
  );
}

type Columns = ReadonlyMap<string, ColumnInfo>;

function checkTemplate({ mapping, columns, variants, gone }: CompiledKey, byName: Columns): CheckResult {
  const where = `key "${mapping.key}"`;
  const variant = variants[0];
  const slots = [variant?.key, variant?.field].flatMap((template) => template?.slots ?? []);
  const others = [
    ...(mapping.when ?? []).map((column) => ['when', column] as const),
    ...(mapping.value ? columnsOfValue(mapping.value) : []).map((column) => ['value', column] as const),
    ...Object.keys(gone).map((column) => ['gone', column] as const),
  ].filter(([, column]) => !columns.includes(column));
  return {
    problems: [
      ...columns
        .filter((column) => !byName.has(column))
        .map((column) => missingColumn(where, column, byName)),
      ...others
        .filter(([, column]) => !byName.has(column))
        .map(([place, column]) => missingColumn(`${where}, ${place}`, column, byName)),
      ...slots.flatMap((slot) => slotProblems(slot, byName).map((problem) => `${where}: ${problem}`)),
      ...shadowing(mapping.key, mapping.field, columns, byName).map((problem) => `${where}: ${problem}`),
    ],
    warnings: slots.flatMap((slot) => slotWarnings(slot, byName).map((warning) => `${where}: ${warning}`)),
  };
}

function missingColumn(where: string, column: string, byName: Columns): string {
  const candidate = nearest(column, byName.keys());
  const hint =
    candidate === undefined
      ? `; the columns are ${[...byName.keys()].join(', ')}`
      : `; did you mean "${candidate}"?`;
  return `${where}: there is no column ${column}${hint}`;
}

/** Why a column of such a type cannot be part of a key. */
const refusedTypes: Readonly<Record<string, string>> = {
  float: 'programs print it differently; make it DECIMAL, or leave it out of the key',
  double: 'programs print it differently; make it DECIMAL, or leave it out of the key',
  json: 'its text has no one form; take a generated column with the part that the key shows',
  vector: 'the binlog does not tell its text; leave it out of the key',
  bit: 'programs print it differently; make it TINYINT, or take a generated column',
};
const geometryTypes =
  /^(geometry|point|linestring|polygon|multipoint|multilinestring|multipolygon|geometrycollection|geomcollection)$/;

const binaryTypes = /^(binary|varbinary|tinyblob|blob|mediumblob|longblob)$/;
const dateTypes = /^(date|datetime|timestamp)$/;
const textFilters: readonly string[] = ['lower', 'upper', 'trim', 'md5', 'sha1', 'sha256'];

type Slot = BoundTemplate['slots'][number];

function slotProblems({ column, filters }: Slot, byName: Columns): string[] {
  const type = byName.get(column)?.type;
  if (type === undefined) return [];
  const kind = `column ${column} is ${type.toUpperCase()}`;
  const refused = geometryTypes.test(type) ? 'it has no text; leave it out of the key' : refusedTypes[type];
  if (refused !== undefined) return [`${kind}: ${refused}`];
  return filters.flatMap(({ text, name }, index) => {
    if (name === 'date' && (index > 0 || !dateTypes.test(type))) {
      return [`${kind}: ${text} works only on DATE, DATETIME and TIMESTAMP, as the first filter`];
    }
    // Messages carry binary values as base64; a hash of that is not the hash that a program makes of the bytes.
    if (binaryTypes.test(type) && textFilters.includes(name))
      return [`${kind}: ${text} works only on text and numbers`];
    return [];
  });
}

function slotWarnings({ column }: Slot, byName: Columns): string[] {
  const type = byName.get(column)?.type;
  if (type === undefined || !binaryTypes.test(type)) return [];
  return [
    `column ${column} is ${type.toUpperCase()}: the key holds its bytes as base64; do readers write it so?`,
  ];
}

/** A name that could mean the column or something else means the wrong one sooner or later. */
function shadowing(
  key: string,
  field: string | undefined,
  columns: readonly string[],
  byName: Columns,
): string[] {
  const used = [key, field ?? ''].flatMap((source) => {
    const parsed = parseTemplate(source);
    return parsed.kind === 'problem' ? [] : parsed.parts.filter((part) => part.kind === 'name');
  });
  return [...new Set(used.filter((part) => !part.quoted).map((part) => part.name))]
    .filter((name) => !columns.includes(name) && byName.has(name))
    .map(
      (name) => `{${name}} comes from \`with\` or the table's pattern, but is also a column; rename it there`,
    );
}
