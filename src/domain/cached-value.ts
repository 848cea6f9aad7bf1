/** What Redis held under a target when it was asked; enough to tell later whether that is still the same. */
export type CachedValue =
  | { readonly kind: 'absent' }
  /** The string, or the field of a hash that the target names. */
  | { readonly kind: 'string'; readonly value: Buffer }
  /** The fields that the mapping declares, in its order. */
  | { readonly kind: 'hash'; readonly values: readonly (Buffer | null)[] }
  /** Anything else: Redis' name of the type, and the SHA-1 of its DUMP in hex. */
  | { readonly kind: 'other'; readonly type: string; readonly digest: string };

export function sameCached(one: CachedValue, other: CachedValue): boolean {
  switch (one.kind) {
    case 'absent':
      return other.kind === 'absent';
    case 'string':
      return other.kind === 'string' && one.value.equals(other.value);
    case 'hash':
      return (
        other.kind === 'hash' &&
        one.values.length === other.values.length &&
        one.values.every((value, index) => sameBytes(value, other.values[index] ?? null))
      );
    case 'other':
      return other.kind === 'other' && one.type === other.type && one.digest === other.digest;
  }
}

function sameBytes(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}
