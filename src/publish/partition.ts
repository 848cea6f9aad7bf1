/**
 * Which partition a row's changes go to (guarantee 3: one row, one partition). FNV-1a over the key's bytes, mixed
 * so that small differences spread. Ours, not kafkajs's, since that one is slow and its choice is not a contract:
 * changing this function while messages are in the topic breaks the order of rows.
 */
export function partitionOf(key: Uint8Array, partitions: number, from = 0, to = key.length): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (key[at] ?? 0), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) % partitions;
}
