/** Whether nearly all of a template's values differ in the same way: then the mapping is wrong, not the cache. */
export interface Likeness {
  compared(values: number): void;
  differs(how: string): void;
  /** Undefined while too little was compared, or too much is as it should be. */
  mismatch(): Mismatch | undefined;
}

export interface Mismatch {
  readonly compared: number;
  readonly alike: number;
  readonly differs: string;
}

/** Fewer say nothing: a few values that were written by hand may well be wrong alike. */
const COMPARED_MIN = 50;
const ALIKE_SHARE_MIN = 0.95;
/** Ways of differing are phrases without values, so there are few; beyond this the rarest cannot matter. */
const WAYS_MAX = 32;

export function createLikeness(): Likeness {
  let total = 0;
  const ways = new Map<string, number>();
  return {
    compared(values) {
      total += values;
    },
    differs(how) {
      if (ways.has(how) || ways.size < WAYS_MAX) ways.set(how, (ways.get(how) ?? 0) + 1);
    },
    mismatch() {
      const [most] = [...ways].sort(([, one], [, other]) => other - one);
      if (most === undefined || total < COMPARED_MIN || most[1] < total * ALIKE_SHARE_MIN) return undefined;
      return { compared: total, alike: most[1], differs: most[0] };
    },
  };
}
