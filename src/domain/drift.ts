/**
 * How a cached value can be wrong.
 *
 * - `stale`: it shows another state of its row.
 * - `orphan`: its row does not exist any more.
 * - `secondary_key_moved`: no row has the values that its key was made of: they have changed or, where the key does not
 *   hold the row key, the row is gone.
 * - `unparseable`: it is not what the mapping declares (no JSON, another Redis type, a field is missing).
 * - `missing`: the mapping expects it to be there (`expect: present`), and it is not.
 * - `type_mismatch`: nearly all of a template's values differ alike, so that the mapping is wrong, not the cache.
 */
export const DRIFT_KINDS = [
  'stale',
  'orphan',
  'secondary_key_moved',
  'unparseable',
  'missing',
  'type_mismatch',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];
