/**
 * Lua that runs inside the cache, so that looking and deleting are one step there. Both scripts look in the same way:
 * what a snapshot shows and what a deletion compares can't mean different things.
 *
 * Arguments: 'field' or 'key', how many names follow, the names (the one field, or the declared ones of a hash).
 */
import type { ClientContext, Result } from 'ioredis';
import type { CachedValue } from '../domain/cached-value.js';
import type { UnchangedTarget } from '../invalidate/deletion.js';
import type { Probe } from '../reconcile/effects.js';

type Argument = string | Buffer;

declare module 'ioredis' {
  // The parameter must be named as in the library's own declaration.
  interface RedisCommander<Context extends ClientContext> {
    snapshotBuffer(key: string, ...look: string[]): Result<SnapshotReply, Context>;
    deleteUnchanged(key: string, ...lookAndHeld: Argument[]): Result<number, Context>;
  }
}

/** The kind as text, then its values; null for a field that is not there. */
export type SnapshotReply = readonly [kind: Buffer, ...values: (Buffer | null)[]];

/** `seen` is a list: the kind, then its values; false stands for a field that is not there. */
const LOOK = `
local isField, nameCount = ARGV[1] == 'field', tonumber(ARGV[2])

local function look()
  local key = KEYS[1]
  local type = redis.call('TYPE', key).ok
  if type == 'none' then return {'absent'} end
  if isField and type == 'hash' then
    local value = redis.call('HGET', key, ARGV[3])
    return value and {'string', value} or {'absent'}
  end
  if not isField and type == 'string' then return {'string', redis.call('GET', key)} end
  if not isField and type == 'hash' and nameCount > 0 then
    local seen, isAbsent = {'hash'}, true
    for index = 1, nameCount do
      local value = redis.call('HGET', key, ARGV[2 + index])
      seen[1 + index] = value
      isAbsent = isAbsent and not value
    end
    return isAbsent and {'absent'} or seen
  end
  return {'other', type, redis.sha1hex(redis.call('DUMP', key))}
end
`;

const SNAPSHOT = `${LOOK}
return look()
`;

/**
 * Further arguments: the kind, a string with 1 for each value that is there and 0 for each that is not, the values.
 * Under a hash that has none of the declared fields may lie others, so what is absent is never deleted.
 */
const DELETE_UNCHANGED = `${LOOK}
local first = 3 + nameCount
local kind, mask = ARGV[first], ARGV[first + 1]
local seen = look()
if seen[1] == 'absent' or seen[1] ~= kind or #seen ~= 1 + #mask then return 0 end
for index = 1, #mask do
  local held = mask:sub(index, index) == '1' and ARGV[first + 1 + index]
  if seen[1 + index] ~= held then return 0 end
end
if isField then return redis.call('HDEL', KEYS[1], ARGV[3]) end
return redis.call('UNLINK', KEYS[1])
`;

export const READ_SCRIPTS = { snapshot: { lua: SNAPSHOT, numberOfKeys: 1 } };
export const DELETE_SCRIPTS = { deleteUnchanged: { lua: DELETE_UNCHANGED, numberOfKeys: 1 } };

/** A field counts before declared fields, which are those of a whole hash. */
export function lookArguments({ field, fields = [] }: Pick<Probe, 'field' | 'fields'>): string[] {
  return field === undefined ? ['key', String(fields.length), ...fields] : ['field', '1', field];
}

export function deleteArguments({ target, held, fields }: UnchangedTarget): Argument[] {
  const values = heldValues(held);
  return [
    ...lookArguments({ field: target.field, fields }),
    held.kind,
    values.map((value) => (value === null ? '0' : '1')).join(''),
    ...values.map((value) => value ?? ''),
  ];
}

function heldValues(held: CachedValue): readonly (Argument | null)[] {
  switch (held.kind) {
    case 'absent':
      return [];
    case 'string':
      return [held.value];
    case 'hash':
      return held.values;
    case 'other':
      return [held.type, held.digest];
  }
}

/** @throws Error if the script did not answer this, which is a bug */
export function cachedValueOf([kind, ...values]: SnapshotReply): CachedValue {
  const [first, second] = values;
  switch (kind.toString()) {
    case 'absent':
      return { kind: 'absent' };
    case 'string':
      if (first) return { kind: 'string', value: first };
      break;
    case 'hash':
      return { kind: 'hash', values };
    case 'other':
      if (first && second) return { kind: 'other', type: first.toString(), digest: second.toString() };
  }
  throw new TypeError(`The snapshot script answered "${kind.toString()}" with ${values.length} values.`);
}
