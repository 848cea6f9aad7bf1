import { hash } from 'node:crypto';

/** One filter of a template, like `lower` or `date(YYYY-MM)`. */
export interface Filter {
  /** As written, without spaces. */
  readonly text: string;
  readonly name: FilterName;
  /** Undefined if the value is nothing that this filter can work on. */
  readonly apply: (value: string) => string | undefined;
}

export type FilterName = keyof typeof plainFilters | 'date';

/** Hashes are of the UTF-8 bytes, in lower-case hex. */
const plainFilters = {
  lower: (value: string) => value.toLowerCase(),
  upper: (value: string) => value.toUpperCase(),
  trim: (value: string) => value.trim(),
  md5: (value: string) => hash('md5', value),
  sha1: (value: string) => hash('sha1', value),
  sha256: (value: string) => hash('sha256', value),
  url: percentEncode,
};

export const filterNames: readonly string[] = [...Object.keys(plainFilters), 'date'];

const isPlain = (name: string): name is keyof typeof plainFilters => Object.hasOwn(plainFilters, name);

/** Undefined if there is no such filter, or if it takes no argument, or misses one. */
export function createFilter(name: string, argument: string | undefined): Filter | undefined {
  if (isPlain(name))
    return argument === undefined ? { text: name, name, apply: plainFilters[name] } : undefined;
  if (name !== 'date' || argument === undefined) return undefined;
  const apply = dateFilter(argument);
  return apply && { text: `date(${argument})`, name, apply };
}

function percentEncode(value: string): string | undefined {
  try {
    return encodeURIComponent(value);
  } catch {
    return undefined; // half a surrogate pair, which has no UTF-8
  }
}

/** Where each token lies in MySQL's text of a date, `2024-05-31 23:59:58.123456`. */
const dateTokens: Readonly<Record<string, readonly [start: number, end: number]>> = {
  YYYY: [0, 4],
  MM: [5, 7],
  DD: [8, 10],
  HH: [11, 13],
  mm: [14, 16],
  ss: [17, 19],
};
export const dateTokenNames: readonly string[] = Object.keys(dateTokens);

const mysqlDate = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?$/;
const midnight = ' 00:00:00';

/**
 * Rearranges the digits of MySQL's date text; no time zone is converted, and a DATE is its midnight. Everything
 * in the format but the tokens stays as it is. Undefined if the format has no token.
 */
function dateFilter(format: string): Filter['apply'] | undefined {
  const pieces = format.split(/(YYYY|MM|DD|HH|mm|ss)/);
  if (pieces.length === 1) return undefined;
  return (value) => {
    if (!mysqlDate.test(value)) return undefined;
    const full = value.length === 10 ? value + midnight : value;
    return pieces
      .map((piece) => (dateTokens[piece] === undefined ? piece : full.slice(...dateTokens[piece])))
      .join('');
  };
}

/** Applies filters from left to right; undefined once one cannot work on its input. */
export function applyAll(filters: readonly Filter[], value: string): string | undefined {
  let text: string | undefined = value;
  for (const filter of filters) {
    if (text === undefined) return undefined;
    text = filter.apply(text);
  }
  return text;
}
