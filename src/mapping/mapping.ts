/**
 * In: the configured tables, then row changes. Out: the keys, and fields of hashes, which a change makes stale.
 * Holds guarantee 5 (an update yields the keys of both images) and its half of guarantee 6: the keys come from
 * declared templates alone, and what a row holds is only ever text in them.
 */
import type { Target } from '../domain/cache-key.js';
import type { RowChange, RowImage, TableName } from '../domain/change.js';
import { addTargets, compileKey, type CompiledKey } from './compiled-key.js';
import { captureNames, keyProblems } from './key-problems.js';
import { mappingError } from './mapping-error.js';
import { columnsOfValue, tableText, type TableMapping, type TableMatch } from './table-mapping.js';

export interface Mapping {
  readonly tables: readonly TableMapping[];
  /** What to do with a table's rows; undefined when no mapping names it. Cached by db and table. */
  planFor(table: TableName): TablePlan | undefined;
}

/** All that the mapping says of one table, compiled once. */
export interface TablePlan {
  readonly table: TableName;
  /** One for each key mapping, of all entries that match the table. */
  readonly templates: readonly CompiledKey[];
  /** The columns that messages must carry: those of templates, `when` and `value`. */
  readonly columns: ReadonlySet<string>;
  /**
   * The targets of a change, of the image before and the image after; repeats are possible.
   * @throws UnstaleError MESSAGE_UNREADABLE if an image lacks a column that a template needs
   */
  targetsOf(change: RowChange): Target[];
}

export interface MappingOptions {
  /** Stands before every key. */
  readonly keyPrefix?: string;
}

/** Plans of this many tables are kept; beyond it the cache starts anew, which only costs time. */
const plansMax = 20_000;

/** @throws UnstaleError MAPPING_INVALID if a template cannot be read; lists all problems */
export function compileMapping(
  tables: readonly TableMapping[],
  { keyPrefix = '' }: MappingOptions = {},
): Mapping {
  refuseUnreadable(tables);
  const plans = new Map<string, Map<string, TablePlan | undefined>>();
  let planCount = 0;

  const planAndKeep = (table: TableName): TablePlan | undefined => {
    if (++planCount > plansMax) {
      plans.clear();
      planCount = 1;
    }
    const plan = createPlan(table, tables, keyPrefix);
    const ofDb = plans.get(table.db) ?? new Map<string, TablePlan | undefined>();
    plans.set(table.db, ofDb.set(table.table, plan));
    return plan;
  };
  return {
    tables,
    planFor(table) {
      const ofDb = plans.get(table.db);
      return ofDb?.get(table.table) ?? (ofDb?.has(table.table) ? undefined : planAndKeep(table));
    },
  };
}

function createPlan(
  table: TableName,
  tables: readonly TableMapping[],
  keyPrefix: string,
): TablePlan | undefined {
  const templates = tables.flatMap(({ name, match, keys }) => {
    const constants = constantsOf(match, table);
    return constants ? keys.map((key) => compileKey(key, { entry: name, keyPrefix, constants })) : [];
  });
  if (templates.length === 0) return undefined;
  const columns = templates.flatMap(({ columns, mapping }) => [
    ...columns,
    ...(mapping.when ?? []),
    ...(mapping.value ? columnsOfValue(mapping.value) : []),
  ]);
  return { table, templates, columns: new Set(columns), targetsOf: (change) => targetsOf(templates, change) };
}

/** Undefined if the entry does not match. A group that took no part in the match is empty text. */
function constantsOf(match: TableMatch, table: TableName): ReadonlyMap<string, string> | undefined {
  const own: [string, string][] = [
    ['$db', table.db],
    ['$table', table.table],
  ];
  if (match.kind === 'exact') {
    return match.table.db === table.db && match.table.table === table.table ? new Map(own) : undefined;
  }
  const found = match.pattern.exec(tableText(table));
  if (found === null) return undefined;
  const captures: Readonly<Record<string, string | undefined>> = found.groups ?? {};
  return new Map([
    ...Object.entries(captures).map(([name, text]): [string, string] => [name, text ?? '']),
    ...own,
  ]);
}

function targetsOf(templates: readonly CompiledKey[], change: RowChange): Target[] {
  const targets: Target[] = [];
  switch (change.operation) {
    case 'insert':
      for (const template of templates) addTargets(targets, template, change.after);
      break;
    case 'delete':
      for (const template of templates) addTargets(targets, template, change.before);
      break;
    case 'update':
      for (const template of templates) {
        if (!template.counts(change)) continue;
        addTargets(targets, template, change.before);
        // Most updates leave the key's columns as they are; the values are compared, not the names in `changed`.
        if (!sameValues(template.columns, change.before, change.after))
          addTargets(targets, template, change.after);
      }
      break;
  }
  return targets;
}

function sameValues(columns: readonly string[], before: RowImage, after: RowImage): boolean {
  for (const column of columns) if (before[column] !== after[column]) return false;
  return true;
}

function refuseUnreadable(tables: readonly TableMapping[]): void {
  const problems = tables.flatMap(({ name, match, keys }) => {
    const captures = match.kind === 'pattern' ? captureNames(match.pattern) : [];
    return keys.flatMap((key, index) =>
      keyProblems(key, captures).map(
        ({ path, message }) => `${name}: keys[${index}].${path.join('.')}: ${message}`,
      ),
    );
  });
  if (problems.length > 0) throw mappingError(problems);
}
