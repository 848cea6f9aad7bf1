/**
 * In: the mapping's plan and the schema of each table. Out: what can be checked of each template, how, and what lies
 * outside, with the reason: a report must never claim more than it looked at.
 */
import { type Comparer, createComparer, uncomparable } from '../compare/comparer.js';
import { type TableName } from '../domain/change.js';
import type { CompiledKey, CompiledVariant } from '../mapping/compiled-key.js';
import { type KeyParser, createKeyParser } from '../mapping/key-parser.js';
import type { Mapping, TablePlan } from '../mapping/mapping.js';
import { columnsOfValue, tableText } from '../mapping/table-mapping.js';
import type { TableSchema } from '../mapping/table-schema.js';
import type { Report } from './report.js';
import { type RowReader, createRowReader } from './row-reader.js';

/** One template, with one combination of its `with`, as it applies to one table. */
export interface TemplateCheck {
  /** The same in every process with this mapping. */
  readonly id: string;
  readonly table: TableName;
  readonly schema: TableSchema;
  readonly template: CompiledKey;
  readonly variant: CompiledVariant;
  /** Absent where no value is declared, or where several rows may feed one key. */
  readonly comparer: Comparer | undefined;
  readonly expectsPresent: boolean;
  /** How to find the rows that could feed a key again. */
  readonly lookup: TemplateLookup;
  /** Reads rows of the table's scan. */
  readonly scanned: RowReader;
}

export interface TemplateLookup {
  /** Columns by whose values rows are found: the row key where the key holds it. */
  readonly by: readonly string[];
  /** Whether that is the row key, so that a row found by it is the very row. */
  readonly byRowKey: boolean;
  readonly columns: readonly string[];
  readonly reader: RowReader;
  /** Many rows may have these columns alike: each combination is asked for once. */
  readonly distinct: boolean;
  /** Positions of `by` in a row of the table's scan, and in one found by this lookup. */
  readonly scannedAt: readonly number[];
  readonly foundAt: readonly number[];
}

export interface TableCheck {
  readonly schema: TableSchema;
  readonly plan: TablePlan;
  /** What a scan reads of each row. */
  readonly columns: readonly string[];
  readonly templates: readonly TemplateCheck[];
  /** Those whose values are compared, or have to be there: without any the table is not scanned. */
  readonly compared: readonly TemplateCheck[];
}

export interface Checks {
  readonly tables: readonly TableCheck[];
  /** Of all tables, since any of them may feed a key of another. */
  readonly byId: ReadonlyMap<string, TemplateCheck>;
  readonly byVariant: ReadonlyMap<CompiledVariant, TemplateCheck>;
  readonly keyParser: KeyParser;
  /** Whether it is one of `tables`. */
  readonly isWanted: (check: TemplateCheck) => boolean;
  /** Why a key of this template cannot be told to be an orphan; undefined if it can. */
  readonly whyUntraced: (check: TemplateCheck) => string | undefined;
  readonly coverage: Report['coverage'];
}

export interface ChecksOptions {
  readonly keyPrefix: string;
  /** Whether its rows can be read by this mapping. What else it may feed is never called an orphan. */
  readonly isUsable: (schema: TableSchema) => boolean;
  /** Whether to look at it. */
  readonly isWanted: (schema: TableSchema) => boolean;
}

/** @param schemas of all tables that the mapping names */
export function createChecks(
  mapping: Mapping,
  schemas: readonly TableSchema[],
  { keyPrefix, isUsable, isWanted }: ChecksOptions,
): Checks {
  const planned = schemas.flatMap((schema) => {
    const plan = mapping.planFor(schema.table);
    return plan === undefined ? [] : [{ plan, schema }];
  });
  const keyParser = createKeyParser(planned, { keyPrefix });
  const usable = planned
    .filter(({ schema }) => isUsable(schema))
    .map(({ plan, schema }) => checkTableOf(plan, schema));
  const all = usable.flatMap((table) => table.templates);
  const tables = usable.filter(({ schema }) => isWanted(schema));
  const templates = tables.flatMap((table) => table.templates);
  const wanted = new Set(templates);
  const outside = new Map(keyParser.outside.map(({ ref, why }) => [ref.template, why]));
  const whyUntraced = (check: TemplateCheck): string | undefined =>
    outside.get(check.template) ?? lookupProblem(check);
  return {
    tables,
    byId: new Map(all.map((check) => [check.id, check])),
    byVariant: new Map(all.map((check) => [check.variant, check])),
    keyParser,
    isWanted: (check) => wanted.has(check),
    whyUntraced,
    coverage: coverageOf(templates, whyUntraced),
  };
}

function checkTableOf(plan: TablePlan, schema: TableSchema): TableCheck {
  const comparers = new Map(plan.templates.map((template) => [template, comparerOf(template, schema)]));
  const columns = unique([
    ...(schema.rowKey ?? []),
    ...plan.templates.flatMap((template) => [
      ...template.columns,
      ...(comparers.get(template)?.columns ?? []),
      ...Object.keys(template.gone),
    ]),
  ]);
  const templates = plan.templates.flatMap((template, templateIndex) =>
    template.variants.map((variant, variantIndex): TemplateCheck => {
      const reading = { variant, comparer: comparers.get(template), gone: template.gone };
      return {
        id: `${tableText(schema.table)}#${templateIndex}.${variantIndex}#${sourceOf(template)}`,
        table: schema.table,
        schema,
        template,
        variant,
        comparer: reading.comparer,
        expectsPresent: template.mapping.expect === 'present',
        lookup: lookupOf(template, schema, columns, reading),
        scanned: createRowReader(columns, reading),
      };
    }),
  );
  const compared = templates.filter(
    ({ comparer, expectsPresent }) => comparer !== undefined || expectsPresent,
  );
  return { schema, plan, columns, templates, compared };
}

/** As a report names the template. */
export const sourceOf = ({ mapping: { key, field } }: CompiledKey): string =>
  field === undefined ? key : `${key} [${field}]`;

const unique = (names: readonly string[]): string[] => [...new Set(names)];

const includesAll = (columns: readonly string[], wanted: readonly string[]): boolean =>
  wanted.every((column) => columns.includes(column));

/** The first key of the table that the cache key tells: then one row at most feeds it. */
function keyWithin(template: CompiledKey, { uniqueKeys }: TableSchema): readonly string[] | undefined {
  const told = toldColumns(template);
  return uniqueKeys.find((key) => includesAll(told, key));
}

/** No two values have one text behind these; in lower case, or by their month, rows may be alike. */
const TELLING_FILTERS: readonly string[] = ['url', 'md5', 'sha1', 'sha256'];

function toldColumns({ variants: [variant] }: CompiledKey): string[] {
  const slots = [variant?.key, variant?.field].flatMap((template) => template?.slots ?? []);
  return slots
    .filter(({ filters }) => filters.every(({ name }) => TELLING_FILTERS.includes(name)))
    .map(({ column }) => column);
}

function comparerOf(template: CompiledKey, schema: TableSchema): Comparer | undefined {
  const { value } = template.mapping;
  if (value === undefined || whyNotCompared(template, schema) !== undefined) return undefined;
  return createComparer(value, schema.columns);
}

/** Undefined if its values can be compared. */
function whyNotCompared(template: CompiledKey, schema: TableSchema): string | undefined {
  const { value } = template.mapping;
  if (value === undefined) return 'no value is declared';
  if (keyWithin(template, schema) === undefined) return 'several rows may feed one of its keys';
  const named = new Set(columnsOfValue(value));
  const reasons = schema.columns.filter(({ name }) => named.has(name)).map(uncomparable);
  return reasons.find((reason) => reason !== undefined);
}

function lookupOf(
  template: CompiledKey,
  schema: TableSchema,
  scannedColumns: readonly string[],
  reading: Parameters<typeof createRowReader>[1],
): TemplateLookup {
  const key = keyWithin(template, schema);
  const by = key ?? template.columns;
  const columns = unique([
    ...by,
    ...template.columns,
    ...(key === undefined ? [] : (schema.rowKey ?? [])),
    ...(reading.comparer?.columns ?? []),
    ...(key === undefined ? [] : Object.keys(reading.gone)),
  ]);
  return {
    by,
    byRowKey: key !== undefined && key === schema.rowKey,
    columns,
    // Of many rows that feed one key it is no matter which are gone, and each would be asked for by its own time.
    reader: createRowReader(columns, key === undefined ? { ...reading, gone: {} } : reading),
    distinct: key === undefined,
    scannedAt: by.map((column) => scannedColumns.indexOf(column)),
    foundAt: by.map((column) => columns.indexOf(column)),
  };
}

/** Why keys of this template are not traced though they could be parsed; undefined if they are. */
export function lookupProblem({ lookup, schema }: TemplateCheck): string | undefined {
  if (!lookup.distinct || lookup.by.some((column) => schema.indexedColumns.includes(column)))
    return undefined;
  return `no index begins with ${lookup.by.join(' or ')}, and looking them up would read the whole table`;
}

function coverageOf(
  templates: readonly TemplateCheck[],
  whyUntraced: Checks['whyUntraced'],
): Report['coverage'] {
  const bySource = new Map<string, Report['coverage'][number]>();
  for (const check of templates) {
    const { template, comparer } = check;
    const why = whyUntraced(check);
    const reasons = [whyNotCompared(template, check.schema), why].filter((reason) => reason !== undefined);
    bySource.set(`${tableText(check.table)}#${sourceOf(template)}`, {
      table: tableText(check.table),
      template: sourceOf(template),
      values: comparer !== undefined,
      keys: why === undefined,
      why: reasons.join('; '),
    });
  }
  return [...bySource.values()];
}
