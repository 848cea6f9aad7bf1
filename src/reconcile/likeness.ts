import { z } from 'zod';

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

/** What a run has counted so far; kept with its state, so that another process knows as much. */
export const likenessCountsSchema = z.object({ compared: z.int(), ways: z.record(z.string(), z.int()) });
export type LikenessCounts = z.infer<typeof likenessCountsSchema>;

/** @param counts are changed as it goes */
export function createLikeness(counts: LikenessCounts = { compared: 0, ways: {} }): Likeness {
  const { ways } = counts;
  return {
    compared(values) {
      counts.compared += values;
    },
    differs(how) {
      if (Object.hasOwn(ways, how)) ways[how] = (ways[how] ?? 0) + 1;
      else if (Object.keys(ways).length < WAYS_MAX) ways[how] = 1;
    },
    mismatch() {
      const { compared } = counts;
      const [most] = Object.entries(ways).sort(([, one], [, other]) => other - one);
      if (most === undefined || compared < COMPARED_MIN || most[1] < compared * ALIKE_SHARE_MIN)
        return undefined;
      return { compared, alike: most[1], differs: most[0] };
    },
  };
}
