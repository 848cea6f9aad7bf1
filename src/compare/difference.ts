/** How a cached value differs from its row. */
export interface Difference {
  /** `stale`: readable, but of another state. `unparseable`: not what the mapping declares. */
  readonly kind: 'stale' | 'unparseable';
  /** A short phrase without values, the same for all keys that differ alike: 'column price', 'not JSON'. */
  readonly differs: string;
}

export const stale = (differs: string): Difference => ({ kind: 'stale', differs });
export const unparseable = (differs: string): Difference => ({ kind: 'unparseable', differs });
