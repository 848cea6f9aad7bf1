import { z } from 'zod';
import type { Target } from '../domain/cache-key.js';
import type { DbRow, DbValue } from '../domain/db-row.js';
import type { Checks, TemplateCheck } from './checks.js';

/** A cached value that may be wrong, and how to look at it and its row again. */
export interface Suspect {
  readonly check: TemplateCheck;
  /** As text: only what is about to be deleted has to be one of ours. */
  readonly key: string;
  readonly field: string | undefined;
  /** Values of the check's `lookup.by`. */
  readonly by: DbRow;
  /** Other rows that could feed the same key, if it can be read in several ways; each without others of its own. */
  readonly others?: readonly Suspect[];
  /** Rows that cannot be looked up could feed the key, too: without a row of its own it is no orphan for sure. */
  readonly mayBeFedUnseen?: boolean;
}

const recordFields = {
  check: z.string(),
  key: z.string(),
  field: z.string().optional(),
  by: z.array(z.union([z.null(), z.number(), z.string(), z.object({ hex: z.string() })])),
};

/** A suspect that outlives the process. */
export const suspectRecordSchema = z.object({
  ...recordFields,
  others: z.array(z.object(recordFields)).optional(),
  mayBeFedUnseen: z.boolean().optional(),
});

export type SuspectRecord = z.infer<typeof suspectRecordSchema>;

/** What an earlier run left; nothing where that cannot be read, since this run finds it again. */
export function parseRecords(data: unknown): SuspectRecord[] {
  const parsed = z.array(suspectRecordSchema).safeParse(data);
  return parsed.success ? parsed.data : [];
}

export const recordOf = ({ check, key, field, by, others, mayBeFedUnseen }: Suspect): SuspectRecord => ({
  check: check.id,
  key,
  ...(field === undefined ? {} : { field }),
  by: by.map((value) => (Buffer.isBuffer(value) ? { hex: value.toString('hex') } : value)),
  ...(others === undefined ? {} : { others: others.map(recordOf) }),
  ...(mayBeFedUnseen === undefined ? {} : { mayBeFedUnseen }),
});

/** Undefined where the mapping has changed since, so that nobody knows how to look at it. */
export function suspectOf(record: SuspectRecord, checks: Checks): Suspect | undefined {
  const { check: id, key, field, by } = record;
  const check = checks.byId.get(id);
  if (check?.lookup.by.length !== by.length) return undefined;
  const values = by.map((value): DbValue =>
    typeof value === 'object' && value !== null ? Buffer.from(value.hex, 'hex') : value,
  );
  const others = record.others?.flatMap((other) => suspectOf(other, checks) ?? []);
  const isWhole = others?.length === record.others?.length;
  return {
    ...{ check, key, field, by: values },
    ...(others === undefined ? {} : { others }),
    ...(record.mayBeFedUnseen === true || !isWhole ? { mayBeFedUnseen: true } : {}),
  };
}

/** Equal for suspects at the same place in the cache. */
export const suspectId = ({ key, field }: Pick<Suspect, 'key' | 'field'>): string =>
  field === undefined ? `k${key}` : `f${key.length}:${key}${field}`;

/** For the deletion path, once the key is known to be ours. */
export const targetOf = (key: Target['key'], field: string | undefined): Target =>
  field === undefined ? { key } : { key, field };
