import { equalIf, type ColumnType, type Match } from './column-type.js';
import { scalarText } from './document.js';
import { readInstant, readTime, sameInstant, sinceEpoch } from './date-time.js';
import { readNumber, sameNumber } from './exact-number.js';

/** Powers of ten of a second: what epoch numbers count. */
const EPOCH_UNITS = [0, 3, 6];

/** DATE, DATETIME, TIMESTAMP: the same instant, the row being UTC. A zero date equals nothing but its own text. */
export const dateTimeType: ColumnType = {
  noun: 'a date',
  shownAs: 'string',
  matchText(held, row) {
    const rowText = String(row);
    if (held === rowText) return 'equal';
    const heldInstant = readInstant(held);
    if (heldInstant === undefined) return matchEpoch(held, rowText);
    const rowInstant = readInstant(rowText);
    if (heldInstant === 'no such day' || rowInstant === undefined || rowInstant === 'no such day')
      return 'other';
    return equalIf(sameInstant(heldInstant, rowInstant));
  },
  matchDocument(held, row) {
    const text = scalarText(held);
    return text === undefined ? 'malformed' : dateTimeType.matchText(text, row);
  },
  describe: String,
};

/** Seconds, milliseconds or microseconds since 1970, each with all digits of its fraction. */
function matchEpoch(held: string, row: string): Match {
  const number = readNumber(held);
  if (number === undefined) return 'malformed';
  const instant = readInstant(row);
  if (instant === undefined || instant === 'no such day') return 'other';
  const seconds = sinceEpoch(instant);
  return equalIf(
    EPOCH_UNITS.some((unit) => sameNumber(number, { ...seconds, exponent: seconds.exponent + unit })),
  );
}

/** TIME: a duration of either sign, up to 838 hours. */
export const timeType: ColumnType = {
  noun: 'a time',
  shownAs: 'string',
  matchText(held, row) {
    const rowText = String(row);
    if (held === rowText) return 'equal';
    const heldTime = readTime(held);
    return heldTime === undefined ? 'malformed' : equalIf(heldTime === readTime(rowText));
  },
  matchDocument: (held, row) => (typeof held === 'string' ? timeType.matchText(held, row) : 'malformed'),
  describe: String,
};
