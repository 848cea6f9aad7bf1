import type { DbValue } from '../domain/db-row.js';
import { type DocumentValue, parseDocument } from './document.js';

/** `other`: readable, but another value. `malformed`: nothing that such a column could hold. */
export type Match = 'equal' | 'other' | 'malformed';

export type PresentValue = Exclude<DbValue, null>;

/** What equality means for the columns of one MySQL type. NULL is not asked here. */
export interface ColumnType {
  /** What a malformed value is not: 'a number'. */
  readonly noun: string;
  /** How a document shows the text of {@link describe}: as it is, or as a string. */
  readonly shownAs: 'number' | 'document' | 'string';
  matchText(held: string, row: PresentValue): Match;
  /** For a value inside a document. */
  matchDocument(held: DocumentValue, row: PresentValue): Match;
  /** The row's value for people. */
  describe(row: PresentValue): string;
}

export const equalIf = (equal: boolean): Match => (equal ? 'equal' : 'other');

/** CHAR, VARCHAR, TEXT, ENUM, SET: nothing but the exact text, since a collation does not rule what readers show. */
export const textType: ColumnType = {
  noun: 'a string',
  shownAs: 'string',
  matchText: (held, row) => equalIf(held === String(row)),
  matchDocument: (held, row) => (typeof held === 'string' ? equalIf(held === String(row)) : 'malformed'),
  describe: String,
};

/** The same, but a text may also be a value's JSON literal: `"Blue"`, or what JSON.stringify makes of a Buffer. */
export function withLiterals(type: ColumnType): ColumnType {
  return {
    ...type,
    matchText(held, row) {
      const match = type.matchText(held, row);
      if (match === 'equal' || (held[0] !== '"' && held[0] !== '{')) return match;
      const document = parseDocument(held, true);
      if (document === undefined) return match;
      const literal = type.matchDocument(document, row);
      return literal === 'malformed' ? match : literal;
    },
  };
}
