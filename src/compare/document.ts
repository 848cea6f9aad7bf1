import { LosslessNumber, parse } from 'lossless-json';

/** A JSON document. A number is a {@link LosslessNumber} where a double might not hold all of its digits. */
export type DocumentValue =
  | null
  | boolean
  | number
  | string
  | LosslessNumber
  | readonly DocumentValue[]
  | { readonly [name: string]: DocumentValue };

/**
 * Numbers that a double may change: 15 digits always survive, and so do exponents of two digits. Numbers inside
 * strings rarely match, since the character before them is a quote.
 */
const longNumber = /(?:^|[:,[\s-])(?:[\d.]{16}|[\d.]+e[+-]?\d{3})/i;
const isLong = (digits: string): boolean => digits.length > 15 || longNumber.test(digits);

/**
 * Undefined if it is no JSON.
 * @param exact whether each digit of long numbers counts; that is many times slower where there are any
 * @throws RangeError if it is nested too deeply
 */
export function parseDocument(text: string, exact: boolean): DocumentValue | undefined {
  try {
    return exact && longNumber.test(text) ? parseExactly(text) : (JSON.parse(text) as DocumentValue);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const parseExactly = (text: string): DocumentValue =>
  parse(text, null, {
    parseNumber: (digits) => (isLong(digits) ? new LosslessNumber(digits) : Number(digits)),
    onDuplicateKey: ({ newValue }) => newValue, // the last one counts, as for JSON.parse
  }) as DocumentValue;

/** The text of a number, or of a string that may hold one; undefined for anything else. */
export function scalarText(value: DocumentValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return value instanceof LosslessNumber ? value.value : undefined;
}

export type PathReader = (document: DocumentValue) => DocumentValue | undefined;

/**
 * Reads `price.amount`: first as a key of that name, then step by step through objects, and through lists by
 * number. A null on the way is the value: what is below a null is null. Undefined if there is no such path.
 */
export function compilePath(path: string): PathReader {
  if (!path.includes('.')) return (document) => (document === null ? null : childOf(document, path));
  const steps = path.split('.');
  return (document) => {
    let place = childOf(document, path);
    if (place !== undefined) return place;
    place = document;
    for (const step of steps) {
      if (place === null) return null;
      place = childOf(place, step);
      if (place === undefined) return undefined;
    }
    return place;
  };
}

function childOf(value: DocumentValue, name: string): DocumentValue | undefined {
  if (!isContainer(value) || !Object.hasOwn(value, name)) return undefined;
  // The only key of a list's own that is no index is its length, and that is no number.
  if (Array.isArray(value)) return (value as ListValue)[Number(name)];
  return (value as ObjectValue)[name];
}

type ListValue = readonly DocumentValue[];
type ObjectValue = Readonly<Record<string, DocumentValue>>;

const isContainer = (value: DocumentValue): value is ListValue | ObjectValue =>
  typeof value === 'object' && value !== null && !(value instanceof LosslessNumber);
