import type { DbValue } from '../domain/db-row.js';
import type { Slot } from './bound-template.js';
import { applyAll, dateTokenNames, type Filter, type FilterName } from './filters.js';
import { textOf } from './positional-template.js';
import { valueParserOf, type Reading } from './value-parser.js';

/** Turns a slot's text back into its column's value. */
export interface SlotParser {
  readonly column: string;
  readonly after: string;
  /** Its column with all filters, as written: slots of one chain have one text. */
  readonly chain: string;
  /** The slot never has a longer text. */
  readonly lengthMax: number;
  /** Why the value cannot be told from the text; undefined if it can. */
  readonly untoldBecause: string | undefined;
  read(text: string): Reading;
  /** The slot's text for a value; undefined if a filter cannot work on it. */
  write(value: Exclude<DbValue, null>): string | undefined;
}

/** @param type of the column, as in {@link ColumnInfo}; undefined if there is no such column */
export function createSlotParser({ column, filters, after }: Slot, type: string | undefined): SlotParser {
  const value = valueParserOf(type);
  const undo = filters.map(undoing);
  return {
    column,
    after,
    chain: JSON.stringify([column, ...filters.map(({ text }) => text)]),
    lengthMax: filters.reduce(lengthMaxAfter, value.lengthMax),
    untoldBecause: untoldBecause(column, type, filters),
    read(text) {
      let plain = text;
      for (let index = undo.length - 1; index >= 0; index--) {
        const before = undo[index]?.(plain);
        if (typeof before !== 'string') return before;
        plain = before;
      }
      return value.read(plain);
    },
    write: (known) => (filters.length === 0 ? textOf(known) : applyAll(filters, textOf(known))),
  };
}

function untoldBecause(
  column: string,
  type: string | undefined,
  filters: readonly Filter[],
): string | undefined {
  if (type === undefined) return `there is no column ${column}`;
  if (!valueParserOf(type).tells) return `column ${column} is ${type.toUpperCase()}, which has no one text`;
  const lossy = filters.find(({ name }) => name !== 'url');
  return lossy && `${lossy.text} cannot be turned back`;
}

/** From a filter's output to its input: undefined if it never yields this; null if the input cannot be told. */
type Undo = (text: string) => string | null | undefined;

const where =
  (possible: (text: string) => boolean): Undo =>
  (text) =>
    possible(text) ? null : undefined;

const undoPlain: Readonly<Record<Exclude<FilterName, 'date'>, Undo>> = {
  lower: where((text) => !/[A-Z]/.test(text)),
  upper: where((text) => !/[a-z]/.test(text)),
  trim: where((text) => text.trim() === text),
  md5: where((text) => /^[0-9a-f]{32}$/.test(text)),
  sha1: where((text) => /^[0-9a-f]{40}$/.test(text)),
  sha256: where((text) => /^[0-9a-f]{64}$/.test(text)),
  url: percentDecode,
};

const undoing = ({ name, text }: Filter): Undo =>
  name === 'date' ? undoDate(dateFormat(text)) : undoPlain[name];

/** Only the one text that encoding makes: `%2f` and `%41` come from elsewhere. */
function percentDecode(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return encodeURIComponent(plain) === text ? plain : undefined;
  } catch {
    return undefined; // a % that begins no UTF-8, or half a surrogate pair, which has none
  }
}

const dateFormat = (filterText: string): string => filterText.slice('date('.length, -1);
const dateTokens = new RegExp(`(${dateTokenNames.join('|')})`);

/** Digits where the format has tokens, and its literals where it has literals. The same token shows the same digits. */
function undoDate(format: string): Undo {
  const pieces = format.split(dateTokens);
  return where((text) => {
    const shown = new Map<string, string>();
    let at = 0;
    for (const piece of pieces) {
      const part = text.slice(at, at + piece.length);
      at += piece.length;
      if (!dateTokenNames.includes(piece)) {
        if (part !== piece) return false;
        continue;
      }
      if (part.length !== piece.length || !/^\d+$/.test(part)) return false;
      if ((shown.get(piece) ?? part) !== part) return false;
      shown.set(piece, part);
    }
    return at === text.length;
  });
}

const hashLengths: Readonly<Partial<Record<FilterName, number>>> = { md5: 32, sha1: 40, sha256: 64 };

function lengthMaxAfter(lengthMax: number, { name, text }: Filter): number {
  if (name === 'date') return dateFormat(text).length;
  if (name === 'url') return lengthMax * 9; // a UTF-16 unit has up to three bytes, each written %XX
  // Changing case makes up to three characters of one.
  return hashLengths[name] ?? (name === 'trim' ? lengthMax : lengthMax * 3);
}
