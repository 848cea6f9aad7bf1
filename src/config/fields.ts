import { z } from 'zod';
import { urlProblem } from './url.js';

/**
 * Kinds of fields which several sections share. A number or a boolean may also come as text, because a
 * `${NAME}` expands to text whatever it looks like; the other way round a number is never taken for text.
 */

/** For checks over several fields: they run although some field is wrong, so that all problems show at once. */
export const evenIfFlawed = {
  when: ({ value }: { readonly value: unknown }) => typeof value === 'object' && value !== null,
};

const numberText = /^-?\d+(\.\d+)?$/;
const numberFromText = (value: unknown): unknown =>
  typeof value === 'string' && numberText.test(value.trim()) ? Number(value) : value;

const booleanFromText = (value: unknown): unknown =>
  value === 'true' ? true : value === 'false' ? false : value;

export const wholeNumber = (min: number, max: number) => {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.preprocess(numberFromText, z.int({ error }).min(min, { error }).max(max, { error }));
};

export const share = () => {
  const error = 'expected a number from 0 to 1';
  return z.preprocess(numberFromText, z.number({ error }).min(0, { error }).max(1, { error }));
};

export const flag = () => z.preprocess(booleanFromText, z.boolean({ error: 'expected true or false' }));

export const text = (error = 'expected text') =>
  z.string({
    error: ({ input }) => (typeof input === 'number' ? `${error}; put the number in quotes` : error),
  });

export const filledText = (error: string) => text(error).min(1, { error });

/** Kafka's rules for names of topics and groups. */
export const topicName = (error: string) =>
  text(error).regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,200}$/, { error });

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationText = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Reads `500ms`, `2s`, `1.5m`, `1h` or `1d` as milliseconds; undefined if it is none. */
export function parseDuration(value: string): number | undefined {
  const [, amount, unit] = durationText.exec(value) ?? [];
  if (amount === undefined || unit === undefined || !(unit in unitMs)) return undefined;
  return Math.round(Number(amount) * unitMs[unit as keyof typeof unitMs]);
}

/** A duration between two others, as a number of milliseconds. */
export const duration = (min: string, max: string) => {
  const error = `expected a duration from ${min} to ${max}, like 500ms, 2s, 30m or 1h`;
  const inRange = (value: string): boolean => {
    const ms = parseDuration(value);
    return ms === undefined || (ms >= (parseDuration(min) ?? 0) && ms <= (parseDuration(max) ?? Infinity));
  };
  return z
    .string({ error })
    .regex(durationText, { error })
    .refine(inRange, { error }) // what is no duration is told once, by the line before
    .transform((value) => parseDuration(value) ?? 0);
};

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, with an IPv6 address in brackets. Port 0 is for listeners: any free one. */
export function parseHostPort(value: string): HostPort | undefined {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/i.exec(value) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

export const address = (portMin: 0 | 1, example: string) => {
  const error = `expected host:port, like ${example}`;
  return text(error).refine((value) => (parseHostPort(value)?.port ?? -1) >= portMin, { error });
};

/** A URL of one of these schemes. The message never repeats it, since it may hold a password. */
export const url = (schemes: readonly string[], example: string, { orEmpty = false } = {}) =>
  text(`expected a URL like ${example}`).superRefine((value, context) => {
    const problem = orEmpty && value === '' ? undefined : urlProblem(value, schemes, example);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
