/**
 * In: a template and a text. Out: all ways in which the template could have made the text, as values of its columns.
 * Values may hold what stands between slots, so there may be several; the work is bounded whatever the text holds.
 */
import type { DbRow, DbValue } from '../domain/db-row.js';
import type { BoundTemplate } from './bound-template.js';
import type { SlotParser } from './slot-parser.js';

export interface TemplateSplitter {
  /**
   * One row of values for each way, in the order of the columns; null where the text does not tell a value. Undefined
   * if there are more ways than `waysMax`, or if it takes too long to find them all.
   * @param known values that are told already, null where not
   */
  split(text: string, known?: DbRow): readonly DbRow[] | undefined;
}

export interface SplitterOptions {
  readonly template: BoundTemplate;
  /** One for each slot. */
  readonly slots: readonly SlotParser[];
  /** All columns that ways have a value for; those of the slots among them. */
  readonly columns: readonly string[];
  readonly waysMax: number;
}

/** What may be looked at before we give up, in characters: some for each text, more for a long one. */
const workMax = (text: string): number => 20_000 + 20 * text.length;
const none: readonly DbRow[] = [];

interface Step {
  readonly slot: SlotParser;
  /** Of its column's value. */
  readonly position: number;
  /** An earlier slot that has the same text. */
  readonly twin: number | undefined;
}

/** A template, made ready to be searched. */
interface Plan {
  readonly steps: readonly Step[];
  readonly waysMax: number;
  /** Steps of columns that the template shows in several ways: what one of them tells has to fit the others. */
  readonly checked: readonly number[];
}

/** Where a search stands. */
interface Search {
  readonly text: string;
  /** The last place where each step may end. */
  readonly latest: readonly number[];
  readonly values: DbValue[];
  readonly shown: string[];
  ways: readonly DbRow[];
  work: number;
}

export function createSplitter({ template, slots, columns, waysMax }: SplitterOptions): TemplateSplitter {
  const { start } = template;
  const steps = slots.map((slot, index): Step => {
    const twin = slots.findIndex(({ chain }) => chain === slot.chain);
    return { slot, position: columns.indexOf(slot.column), twin: twin < index ? twin : undefined };
  });
  const plan: Plan = { steps, waysMax, checked: shownInSeveralWays(slots) };
  const blank = columns.map(() => null);
  return {
    split(text, known = blank) {
      if (!text.startsWith(start)) return none;
      if (steps.length === 0 && text.length > start.length) return none;
      const latest = latestEnds(steps, text, start.length);
      if (latest === undefined) return none;
      const shown = new Array<string>(steps.length);
      const search: Search = { text, latest, values: [...known], shown, ways: none, work: workMax(text) };
      return descend(plan, search, 0, start.length) ? search.ways : undefined;
    },
  };
}

function shownInSeveralWays(slots: readonly SlotParser[]): number[] {
  return [...slots.keys()].filter((index) =>
    slots.some(({ column, chain }) => column === slots[index]?.column && chain !== slots[index].chain),
  );
}

/**
 * The last place where each slot may end, so that all literals behind it still find room; undefined if they find none.
 * It keeps the search from going where no end is.
 */
function latestEnds(steps: readonly Step[], text: string, from: number): number[] | undefined {
  const latest: number[] = new Array<number>(steps.length);
  let before = text.length;
  for (let index = steps.length - 1; index >= 0; index--) {
    const after = steps[index]?.slot.after ?? '';
    const atMost = before - after.length;
    if (atMost < from) return undefined;
    if (index === steps.length - 1) {
      if (!text.endsWith(after)) return undefined;
      before = atMost;
    } else {
      before = text.lastIndexOf(after, atMost);
      if (before < from) return undefined;
    }
    latest[index] = before;
  }
  return latest;
}

/** Goes through all texts of the slots from `index` on, the first of which begins at `from`. False: give up. */
function descend(plan: Plan, search: Search, index: number, from: number): boolean {
  const step = plan.steps[index];
  if (step === undefined) return complete(plan, search);
  const known = search.values[step.position] ?? null;
  if (known === null && step.twin === undefined) return tryTexts(plan, search, index, from);
  if (known !== null) search.work -= typeof known === 'number' ? 1 : known.length; // a filter may hash it
  const expected = known === null ? search.shown[step.twin ?? index] : step.slot.write(known);
  return expected === undefined || tryText(plan, search, { index, from, expected });
}

/** The one text that a slot must have, since its value is known or has been seen. */
function tryText(
  plan: Plan,
  search: Search,
  { index, from, expected }: { index: number; from: number; expected: string },
): boolean {
  const { text, latest, shown } = search;
  const after = plan.steps[index]?.slot.after ?? '';
  const last = latest[index] ?? -1;
  search.work -= expected.length + 1;
  if (search.work < 0) return false;
  const to = from + expected.length;
  const isInPlace = isFinal(plan, index) ? to === last : to <= last && text.startsWith(after, to);
  if (!isInPlace || !text.startsWith(expected, from)) return true;
  shown[index] = expected;
  return descend(plan, search, index + 1, to + after.length);
}

/** All texts that a slot can have, up to each place where the literal behind it stands. */
function tryTexts(plan: Plan, search: Search, index: number, from: number): boolean {
  const step = plan.steps[index];
  if (step === undefined) return true;
  const { slot, position } = step;
  const { text, latest, values, shown } = search;
  const last = latest[index] ?? -1;
  let to = isFinal(plan, index) ? last : text.indexOf(slot.after, from);
  while (to >= from && to <= last) {
    search.work -= to - from + 1; // looking for the literal and reading the text both take as long as the text is
    if (search.work < 0) return false;
    if (to - from > slot.lengthMax) break;
    const part = text.slice(from, to);
    const value = slot.read(part);
    if (value !== undefined) {
      values[position] = value;
      shown[index] = part;
      if (!descend(plan, search, index + 1, to + slot.after.length)) return false;
      values[position] = null;
    }
    if (to === last) break;
    to = text.indexOf(slot.after, to + 1);
  }
  return true;
}

const isFinal = ({ steps }: Plan, index: number): boolean => index === steps.length - 1;

/** All slots have a text. False: give up. */
function complete(plan: Plan, search: Search): boolean {
  const { values, ways } = search;
  for (const index of plan.checked) {
    search.work -= search.shown[index]?.length ?? 0;
    if (search.work < 0) return false;
    if (!fits(plan, search, index)) return true;
  }
  // What a text does not tell may differ between two ways which tell the same.
  const isPartial = values.includes(null);
  if (isPartial && ways.some((way) => way.every((value, at) => same(value, values[at])))) return true;
  if (ways.length >= plan.waysMax) return false;
  const way = [...values];
  search.ways = ways.length === 0 ? [way] : [...ways, way]; // push would make room for many at once
  return true;
}

function fits({ steps }: Plan, { values, shown }: Search, index: number): boolean {
  const step = steps[index];
  const value = step && values[step.position];
  return value === null || value === undefined || step?.slot.write(value) === shown[index];
}

function same(one: DbValue, other: DbValue | undefined): boolean {
  return Buffer.isBuffer(one) && Buffer.isBuffer(other) ? one.equals(other) : one === other;
}
