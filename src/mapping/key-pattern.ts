import type { DbRow } from '../domain/db-row.js';
import type { BoundTemplate } from './bound-template.js';
import type { CompiledKey, CompiledVariant } from './compiled-key.js';
import type { Affixes } from './literal-index.js';
import type { TablePlan } from './mapping.js';
import { compilePositional } from './positional-template.js';
import { createSlotParser, type SlotParser } from './slot-parser.js';
import type { TableSchema } from './table-schema.js';
import { createSplitter, type TemplateSplitter } from './template-splitter.js';

/** One variant of a template of a table. */
export interface TemplateRef {
  readonly plan: TablePlan;
  readonly schema: TableSchema;
  readonly template: CompiledKey;
  readonly variant: CompiledVariant;
}

/** The templates of any tables that make the same keys of the same columns; with sharded tables there are many. */
export interface KeyPattern extends Affixes {
  readonly refs: readonly TemplateRef[];
  /** Of key and field. */
  readonly columns: readonly string[];
  readonly hasField: boolean;
  /** Why its keys cannot be traced to rows; undefined if they can. */
  readonly untoldBecause: string | undefined;
  /**
   * Values that could have made the key; null where only the field tells one. Undefined if there are too many, or if
   * the pattern's keys cannot be traced and this may be one of them.
   */
  waysOf(key: string): readonly DbRow[] | undefined;
  /** Values that could have made both, none of them null. Undefined if there are too many. */
  waysOfField(key: string, field: string): readonly DbRow[] | undefined;
}

/** Of one template and key; a person's key has one or two. */
const waysMax = 16;

/** Variants that make the same keys of the same columns of the same types become one pattern. */
export function createPatterns(refs: readonly TemplateRef[]): readonly KeyPattern[] {
  const alike = new Map<string, TemplateRef[]>();
  for (const ref of refs) {
    const shape = shapeOf(ref);
    const others = alike.get(shape);
    if (others === undefined) alike.set(shape, [ref]);
    else others.push(ref);
  }
  return [...alike.values()].map(createPattern);
}

function createPattern(refs: readonly TemplateRef[]): KeyPattern {
  const [first] = refs;
  if (first === undefined) throw new Error('a pattern needs a template');
  const { key, field } = first.variant;
  const keySlots = slotParsers(key, first.schema);
  const fieldSlots = field && slotParsers(field, first.schema);
  const slots = [...keySlots, ...(fieldSlots ?? [])];
  const columns = [...new Set(slots.map(({ column }) => column))];
  const untold = untoldBecause(columns, slots);
  // Where nothing is told, one way is enough to say that the template could have made the key.
  const options = { columns, waysMax: untold === undefined ? waysMax : 0 };
  const keySplitter = createSplitter({ template: key, slots: keySlots, ...options });
  const fieldSplitter =
    field && fieldSlots && createSplitter({ template: field, slots: fieldSlots, ...options });
  const render = compilePositional(key, columns);
  return {
    start: key.start,
    end: key.slots.at(-1)?.after ?? '',
    refs,
    columns,
    hasField: field !== undefined,
    untoldBecause: untold,
    waysOf: (text) => keySplitter.split(text),
    waysOfField: (text, fieldText) =>
      fieldSplitter && joinedWays(text, fieldText, { keySplitter, fieldSplitter, render }),
  };
}

function slotParsers({ slots }: BoundTemplate, { columns }: TableSchema): SlotParser[] {
  return slots.map((slot) => createSlotParser(slot, columns.find(({ name }) => name === slot.column)?.type));
}

/** A column is told if one of its slots tells it; the others then only have to fit. */
function untoldBecause(columns: readonly string[], slots: readonly SlotParser[]): string | undefined {
  if (columns.length === 0) return 'no column in its key';
  const reasons = columns.flatMap((name) => {
    const whys = slots.filter(({ column }) => column === name).map((slot) => slot.untoldBecause);
    return whys.includes(undefined) ? [] : [whys[0] ?? ''];
  });
  return reasons.length === 0 ? undefined : [...new Set(reasons)].join('; ');
}

interface JoinOptions {
  readonly keySplitter: TemplateSplitter;
  readonly fieldSplitter: TemplateSplitter;
  readonly render: (row: DbRow) => string | undefined;
}

function joinedWays(
  key: string,
  field: string,
  { keySplitter, fieldSplitter, render }: JoinOptions,
): DbRow[] | undefined {
  const ways: DbRow[] = [];
  const ofKey = keySplitter.split(key);
  if (ofKey === undefined) return undefined;
  for (const known of ofKey) {
    const ofField = fieldSplitter.split(field, known);
    if (ofField === undefined) return undefined;
    // What only the field told must fit the key, too.
    ways.push(...(known.includes(null) ? ofField.filter((way) => render(way) === key) : ofField));
    if (ways.length > waysMax) return undefined;
  }
  return ways;
}

/** Equal for variants that one pattern serves. */
function shapeOf({ schema, variant: { key, field } }: TemplateRef): string {
  const shape = ({ start, slots }: BoundTemplate): unknown => [
    start,
    slots.map(({ column, filters, after }) => [
      column,
      schema.columns.find(({ name }) => name === column)?.type,
      filters.map(({ text }) => text),
      after,
    ]),
  ];
  return JSON.stringify([shape(key), field && shape(field)]);
}
