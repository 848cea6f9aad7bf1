import { equalIf, type ColumnType, type Match, type PresentValue } from './column-type.js';
import { scalarText } from './document.js';
import { readDouble, readNumber, sameNumber } from './exact-number.js';

function numberType(matchText: ColumnType['matchText']): ColumnType {
  return {
    noun: 'a number',
    shownAs: 'number',
    matchText,
    matchDocument(held, row) {
      if (held === row && typeof held === 'number') return 'equal';
      const text = scalarText(held);
      return text === undefined ? 'malformed' : matchText(text, row);
    },
    describe: String,
  };
}

/** As decimal numbers with all their digits, never as floats. */
export function matchNumberText(held: string, row: string): Match {
  if (held === row) return 'equal';
  const heldNumber = readNumber(held);
  if (heldNumber === undefined) return 'malformed';
  const rowNumber = readNumber(row);
  return equalIf(rowNumber !== undefined && sameNumber(heldNumber, rowNumber));
}

/** Integers of all sizes, YEAR, DECIMAL. */
export const exactType = numberType((held, row) => matchNumberText(held, String(row)));

/** TINYINT, which BOOLEAN is: true is anything but 0. */
export const tinyintType: ColumnType = {
  ...exactType,
  matchText(held, row) {
    const match = exactType.matchText(held, row);
    const truth = match === 'malformed' ? readBoolean(held) : undefined;
    return truth === undefined ? match : equalIf(truth === (Number(row) !== 0));
  },
  matchDocument(held, row) {
    if (typeof held === 'boolean') return equalIf(held === (Number(row) !== 0));
    if (typeof held === 'string') return tinyintType.matchText(held, row);
    return exactType.matchDocument(held, row);
  },
};

/** `true` and `false` in any case. */
export function readBoolean(text: string): boolean | undefined {
  if (text.length > 5) return undefined;
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : undefined;
}

export const doubleType = numberType((held, row) => {
  const number = readDouble(held);
  return number === undefined ? 'malformed' : equalIf(number === Number(row));
});

/**
 * FLOAT. MySQL prints 6 significant digits of a float32, so that is all we know of the row; a reader may have
 * cached those, the float32, or the shortest text that names it.
 */
export const floatType = numberType((held, row) => {
  const number = readDouble(held);
  return number === undefined ? 'malformed' : equalIf(sameFloat(number, row));
});

/** Whoever has the same float32 has the same 6 digits. */
function sameFloat(held: number, row: PresentValue): boolean {
  const digits = Number(row).toPrecision(6);
  return held.toPrecision(6) === digits || Math.fround(held).toPrecision(6) === digits;
}
