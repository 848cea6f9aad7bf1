import type { Path } from './yaml-source.js';

/**
 * Fields of the design that later versions bring to life. `*` is any step. `insteadOf` is a sibling that such a
 * field makes needless ('' is the section itself), so that its absence is not reported too.
 */
const fields: readonly { readonly path: string; readonly insteadOf?: string }[] = [
  { path: 'mysql.replicas' },
  { path: 'mysql.onLostPosition' },
  { path: 'kafka.topics' },
  { path: 'redis.sentinels', insteadOf: '' },
  { path: 'redis.master', insteadOf: '' },
  { path: 'redis.replayWindow' },
  { path: 'caches', insteadOf: 'redis' },
  { path: 'tables.*.members' },
  { path: 'tables.*.lookup' },
  { path: 'tables.*.onRename' },
  { path: 'tables.*.keys.*.members', insteadOf: 'key' },
  { path: 'tables.*.keys.*.lookup' },
  { path: 'settle.replicaTimeout' },
  { path: 'settle.visibleWithin' },
  { path: 'flush' },
];

/** What is known of an unknown field; undefined if it is simply unknown. */
export function notYet(path: Path): { readonly excuses?: Path } | undefined {
  const field = fields.find((candidate) => matches(candidate.path.split('.'), path));
  if (field === undefined) return undefined;
  if (field.insteadOf === undefined) return {};
  const parent = path.slice(0, -1);
  return { excuses: field.insteadOf === '' ? parent : [...parent, field.insteadOf] };
}

function matches(pattern: readonly string[], path: Path): boolean {
  return (
    pattern.length === path.length && pattern.every((step, index) => step === '*' || step === path[index])
  );
}
