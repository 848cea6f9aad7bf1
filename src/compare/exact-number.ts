/**
 * A decimal number without rounding: ± digits × 10^exponent. The digits have no zeros at their ends, so that equal
 * numbers have equal parts; zero has no digits, no sign, and exponent 0.
 */
export interface ExactNumber {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const ZERO: ExactNumber = { negative: false, digits: '', exponent: 0 };
const ZERO_CODE = 48;
/** Linear on any text: after the first digits only a dot or an exponent can follow. */
const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;

/**
 * Reads `42`, `+42`, `042.0`, `.5`, `4.2e1`; undefined for anything else. Exponents are never multiplied out, so
 * that a huge one costs nothing.
 */
export function readNumber(text: string): ExactNumber | undefined {
  const parts = decimal.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const all = whole + fraction;
  if (all === '') return undefined;
  let start = 0;
  while (all.charCodeAt(start) === ZERO_CODE) start++;
  if (start === all.length) return ZERO;
  let end = all.length;
  while (all.charCodeAt(end - 1) === ZERO_CODE) end--;
  return {
    negative: sign === '-',
    digits: all.slice(start, end),
    exponent: Number(exponent) - fraction.length + (all.length - end),
  };
}

export function sameNumber(one: ExactNumber, other: ExactNumber): boolean {
  return one.digits === other.digits && one.exponent === other.exponent && one.negative === other.negative;
}

/** The nearest double of a decimal number's text; undefined if it is none. */
export function readDouble(text: string): number | undefined {
  return readNumber(text) === undefined ? undefined : Number(text);
}
