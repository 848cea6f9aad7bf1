declare const cacheKeyBrand: unique symbol;

/** A Redis key that a declared template made from a row (guarantee 6). Only `mapping/` makes these. */
export type CacheKey = string & { readonly [cacheKeyBrand]: true };

/** What a deletion is aimed at: a whole key, or one field of a hash. */
export interface Target {
  readonly key: CacheKey;
  readonly field?: string;
}

/** Equal for equal targets and for no others: the key's length keeps key and field apart. */
export function targetId({ key, field }: Target): string {
  return field === undefined ? `k${key}` : `f${key.length}:${key}${field}`;
}
