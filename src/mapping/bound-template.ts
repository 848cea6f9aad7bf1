import type { ColumnValue, RowImage } from '../domain/change.js';
import { UnstaleError } from '../errors.js';
import { applyAll, type Filter } from './filters.js';
import type { TemplatePart } from './template.js';

/** A template in which only columns are open. */
export interface BoundTemplate {
  /** As written, for messages. */
  readonly source: string;
  /** The literal text before the first slot. */
  readonly start: string;
  readonly slots: readonly Slot[];
}

export interface Slot {
  readonly column: string;
  readonly filters: readonly Filter[];
  /** The literal text from here to the next slot, or to the end. */
  readonly after: string;
}

/**
 * Fills in what is known before any row: names of `with`, captures of the table's pattern, its names.
 * @param prefix stands before the first literal
 */
export function bindTemplate(
  source: string,
  parts: readonly TemplatePart[],
  constants: ReadonlyMap<string, string>,
  prefix = '',
): BoundTemplate {
  let start = prefix;
  const slots: { column: string; filters: readonly Filter[]; after: string }[] = [];
  const append = (text: string): void => {
    const last = slots.at(-1);
    if (last === undefined) start += text;
    else last.after += text;
  };
  for (const part of parts) {
    const constant = part.kind === 'name' && !part.quoted ? constants.get(part.name) : undefined;
    if (part.kind === 'text') append(part.text);
    else if (constant === undefined) slots.push({ column: part.name, filters: part.filters, after: '' });
    else append(applyAll(part.filters, constant) ?? constant); // key-problems.ts refuses what cannot work
  }
  return { source, start, slots };
}

/**
 * The template's text for a row's image; undefined if one of its columns is NULL, since no reader can have
 * asked the cache for that. Runs for every row: nothing is allocated but the text.
 * @throws UnstaleError MESSAGE_UNREADABLE if the image lacks a column, or holds what cannot be part of a key
 */
export function render(template: BoundTemplate, image: RowImage): string | undefined {
  let text = template.start;
  for (const slot of template.slots) {
    const value = image[slot.column];
    if (value === null) return undefined;
    const plain = typeof value === 'string' ? value : plainText(value, slot.column, template);
    text += slot.filters.length === 0 ? plain : filtered(plain, slot, template);
    text += slot.after;
  }
  return text;
}

function plainText(value: ColumnValue | undefined, column: string, { source }: BoundTemplate): string {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (value === undefined) {
    throw unreadable(`it lacks the column ${column}, which the template "${source}" needs`);
  }
  throw unreadable(`its column ${column} holds JSON, which cannot be part of a key ("${source}")`);
}

function filtered(value: string, { column, filters }: Slot, { source }: BoundTemplate): string {
  const text = applyAll(filters, value);
  if (text !== undefined) return text;
  const chain = filters.map((filter) => filter.text).join('|');
  throw unreadable(`${chain} cannot work on the value of its column ${column} ("${source}")`);
}

/** The row's values stay out of the message: they may be personal data. */
function unreadable(why: string): UnstaleError {
  return new UnstaleError('MESSAGE_UNREADABLE', `No keys can be made from this row image: ${why}.`);
}
