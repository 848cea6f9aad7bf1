/**
 * In: a key that Redis holds, and the mapping. Out: the rows that could have made it, as values of columns which MySQL
 * can look up. Guarantees that a key which some template could have made is never called anything else: where the rows
 * cannot be told, it is `outside`. Each explanation makes exactly the key that it explains. Pure; the work for a key is
 * bounded, whatever it holds (guarantee 9).
 */
import type { DbRow } from '../domain/db-row.js';
import { createPatterns, type KeyPattern, type TemplateRef } from './key-pattern.js';
import { createLiteralIndex } from './literal-index.js';
import type { TablePlan } from './mapping.js';
import type { TableSchema } from './table-schema.js';

export type { TemplateRef } from './key-pattern.js';

/** One way in which a template could have made a key. */
export interface Explanation {
  readonly ref: TemplateRef;
  readonly columns: readonly string[];
  /** Of these columns, none NULL, typed so that MySQL can look them up: see {@link DbRow}. */
  readonly values: DbRow;
}

export type KeyTrace =
  /** At least one explanation. */
  | { readonly kind: 'rows'; readonly explanations: readonly Explanation[] }
  /** A hash whose fields belong to rows: trace them with `traceField`. */
  | { readonly kind: 'hash'; readonly refs: readonly TemplateRef[] }
  /**
   * These templates could have made it, but of which row cannot be told: no column or a hashed one, more than 16 ways
   * or too long a search, or both a hash of rows' fields and a key of its own.
   */
  | { readonly kind: 'outside'; readonly refs: readonly TemplateRef[] }
  /** It begins like a template's literal start (beyond the prefix), but none could have made it. */
  | { readonly kind: 'unexplained' }
  /** Nothing of ours. */
  | { readonly kind: 'foreign' };

export interface KeyParser {
  trace(key: string): KeyTrace;
  /**
   * For a key traced as `hash`. Empty where no row could have made this field, and where its row cannot be told (as with
   * `outside`): so a field without explanations is unexplained, never an orphan.
   */
  traceField(key: string, field: string): readonly Explanation[];
  /** Templates whose keys cannot be traced, each with its first variant, and why, in words for a report. */
  readonly outside: readonly OutsideTemplate[];
}

export interface OutsideTemplate {
  readonly ref: TemplateRef;
  readonly why: string;
}

export interface TableToParse {
  readonly plan: TablePlan;
  readonly schema: TableSchema;
}

export interface KeyParserOptions {
  /** The one that the plans were compiled with; it alone makes no key ours. */
  readonly keyPrefix?: string;
}

export function createKeyParser(
  tables: readonly TableToParse[],
  { keyPrefix = '' }: KeyParserOptions = {},
): KeyParser {
  const patterns = createPatterns(tables.flatMap(refsOf));
  const index = createLiteralIndex(patterns);
  return {
    trace(key) {
      const { start, items } = index.lookUp(key);
      const trace = traceAmong(items, key);
      if (trace !== undefined) return trace;
      return { kind: start !== undefined && start.length > keyPrefix.length ? 'unexplained' : 'foreign' };
    },
    traceField(key, field) {
      return index.lookUp(key).items.flatMap((pattern) => {
        if (!pattern.hasField || pattern.untoldBecause !== undefined) return [];
        return explain(pattern, pattern.waysOfField(key, field) ?? []);
      });
    },
    outside: outsideOf(patterns),
  };
}

const refsOf = ({ plan, schema }: TableToParse): TemplateRef[] =>
  plan.templates.flatMap((template) =>
    template.variants.map((variant): TemplateRef => ({ plan, schema, template, variant })),
  );

/** Undefined if none of the patterns could have made the key. */
function traceAmong(patterns: readonly KeyPattern[], key: string): KeyTrace | undefined {
  const [first] = patterns;
  if (first === undefined) return undefined;
  if (patterns.length === 1) return traceOf(first, key); // as nearly every key of a cache
  const traces = patterns.map((pattern) => traceOf(pattern, key)).filter((trace) => trace !== undefined);
  return traces.length < 2 ? traces[0] : together(traces);
}

type Traced = Extract<KeyTrace, { kind: 'rows' | 'hash' | 'outside' }>;

function traceOf(pattern: KeyPattern, key: string): Traced | undefined {
  const { refs, hasField, untoldBecause } = pattern;
  const ways = pattern.waysOf(key);
  if (ways?.length === 0) return undefined;
  if (ways === undefined || untoldBecause !== undefined) return { kind: 'outside', refs };
  return hasField ? { kind: 'hash', refs } : { kind: 'rows', explanations: explain(pattern, ways) };
}

function together(traces: readonly Traced[]): KeyTrace {
  const refsOf = (kind: 'hash' | 'outside'): TemplateRef[] =>
    traces.flatMap((trace) => (trace.kind === kind ? trace.refs : []));
  const [outside, hashes] = [refsOf('outside'), refsOf('hash')];
  const explanations = traces.flatMap((trace) => (trace.kind === 'rows' ? trace.explanations : []));
  if (outside.length > 0) return { kind: 'outside', refs: outside };
  if (explanations.length === 0) return { kind: 'hash', refs: hashes };
  if (hashes.length === 0) return { kind: 'rows', explanations };
  return { kind: 'outside', refs: [...new Set(explanations.map(({ ref }) => ref)), ...hashes] };
}

function explain({ refs, columns }: KeyPattern, ways: readonly DbRow[]): readonly Explanation[] {
  const [first] = refs;
  if (first !== undefined && refs.length === 1)
    return ways.map((values) => ({ ref: first, columns, values }));
  return refs.flatMap((ref) => ways.map((values): Explanation => ({ ref, columns, values })));
}

/** The variants of a template differ in literals only, so that one of them stands for all. */
function outsideOf(patterns: readonly KeyPattern[]): OutsideTemplate[] {
  const templates = new Map<TemplateRef['template'], OutsideTemplate>();
  for (const { refs, untoldBecause: why } of patterns) {
    if (why === undefined) continue;
    for (const ref of refs) if (!templates.has(ref.template)) templates.set(ref.template, { ref, why });
  }
  return [...templates.values()];
}
