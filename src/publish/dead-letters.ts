import type { IncomingMessage } from '../domain/batch.js';

/** A record of the dead-letter topic. Its headers say why; its value is the original message, or the keys given up. */
export interface DeadRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

const headersOf = (reason: string, error: string, atMs: number): Record<string, string> => ({
  reason,
  error: error.slice(0, 1_000),
  at: new Date(atMs).toISOString(),
});

/** A message that nobody could read, as it came, with its place. */
export function deadMessage(
  { key, value, offset }: IncomingMessage,
  place: { readonly topic: string; readonly partition: number },
  error: string,
  atMs: number,
): DeadRecord {
  const from = `${place.topic}/${place.partition}/${offset}`;
  return { key, value, headers: { ...headersOf('MESSAGE_UNREADABLE', error, atMs), from } };
}

export interface KeysGivenUp {
  readonly reason: string;
  /** The last error. */
  readonly error: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** Keys that were given up, with whatever else is known of them. */
export function deadKeys({ firstAtMs, lastAtMs, ...letter }: KeysGivenUp): DeadRecord {
  const times = { first: new Date(firstAtMs).toISOString(), last: new Date(lastAtMs).toISOString() };
  const value = Buffer.from(JSON.stringify({ v: 1, ...letter, ...times }));
  return { key: null, value, headers: headersOf(letter.reason, letter.error, lastAtMs) };
}
