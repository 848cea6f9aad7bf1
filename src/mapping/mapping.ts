/**
 * In: the configured tables, then row changes. Out: the keys, and fields of hashes, which a change makes stale.
 * Holds guarantee 5 (an update yields the keys of both images) and its half of guarantee 6: the keys come from
 * declared templates alone, and what a row holds is only ever text in them.
 */
import type { Target } from '../domain/cache-key.js';
import { imagesOf, type RowChange, type RowImage, type TableName } from '../domain/change.js';
import { UnstaleError } from '../errors.js';
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
   * Adds the targets of a change, of the image before and the image after, to a list; repeats are possible.
   * @throws UnstaleError MESSAGE_UNREADABLE if an image lacks a column that a template needs; all other targets
   * are in the list all the same
   */
  targetsOf(change: RowChange, targets?: Target[]): Target[];
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
  const templates = tables.flatMap(({ name, match, keys, gone = {} }) => {
    const constants = constantsOf(match, table);
    return constants ? keys.map((key) => compileKey(key, { entry: name, gone, keyPrefix, constants })) : [];
  });
  if (templates.length === 0) return undefined;
  const columns = templates.flatMap(({ columns, mapping }) => [
    ...columns,
    ...(mapping.when ?? []),
    ...(mapping.value ? columnsOfValue(mapping.value) : []),
  ]);
  return {
    table,
    templates,
    columns: new Set(columns),
    targetsOf: (change, targets = []) => targetsOf(templates, change, targets),
  };
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

function targetsOf(templates: readonly CompiledKey[], change: RowChange, targets: Target[]): Target[] {
  let missing: UnstaleError | undefined;
  for (const template of templates) {
    for (const image of imagesFor(template, change)) {
      try {
        addTargets(targets, template, image);
      } catch (error) {
        if (!(error instanceof UnstaleError)) throw error;
        missing = error; // told once the other templates have had their turn
      }
    }
  }
  if (missing !== undefined) throw missing;
  return targets;
}

/** Which images of the change this template has to be filled in from. */
function imagesFor(template: CompiledKey, change: RowChange): readonly RowImage[] {
  if (change.operation !== 'update') return imagesOf(change);
  if (!template.counts(change)) return [];
  // Most updates leave the key's columns as they are; the values are compared, not the names in `changed`.
  return sameValues(template.columns, change.before, change.after) ? [change.before] : imagesOf(change);
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
