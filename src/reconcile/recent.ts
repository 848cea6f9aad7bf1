import { type RowChange, type RowImage, imagesOf } from '../domain/change.js';
import type { DbRow } from '../domain/db-row.js';
import { render } from '../mapping/bound-template.js';
import { UnstaleError } from '../errors.js';
import type { Checks, TemplateCheck } from './checks.js';
import { dbValueOf } from './history.js';
import { type Suspect, suspectId } from './suspect.js';
import { withOthers } from './ways.js';

/** Every place in the cache that changes could have made stale, each once, up to a limit. */
export interface RecentPlaces {
  add(change: RowChange): void;
  readonly suspects: readonly Suspect[];
  /** Places beyond the limit. */
  readonly dropped: number;
}

export function collectRecent(checks: Checks, placesMax: number): RecentPlaces {
  const found = new Map<string, Suspect>();
  const byTable = new Map(
    checks.tables.map(({ schema, templates }) => [
      textOf(schema.table),
      // Where another row could feed the key, unseen, all that could be said of it would be wrong.
      templates.filter((check) => check.comparer !== undefined || checks.whyUntraced(check) === undefined),
    ]),
  );
  let dropped = 0;
  return {
    add(change) {
      for (const check of byTable.get(textOf(change.table)) ?? []) {
        for (const image of imagesOf(change)) {
          const suspect = placeOf(check, image);
          if (suspect === undefined) continue;
          const id = `${check.id} ${suspectId(suspect)}`;
          if (found.has(id)) continue;
          if (found.size >= placesMax) dropped += 1;
          else found.set(id, withOthers(suspect, checks));
        }
      }
    },
    get suspects() {
      return [...found.values()];
    },
    get dropped() {
      return dropped;
    },
  };
}

const textOf = ({ db, table }: RowChange['table']): string => `${db}.${table}`;

/** Undefined where the image feeds no key, or lacks a column that this mapping needs. */
function placeOf(check: TemplateCheck, image: RowImage): Suspect | undefined {
  const by = byOf(check, image);
  if (by === undefined) return undefined;
  try {
    const { variant } = check;
    const key = render(variant.key, image);
    const field = variant.field === undefined ? undefined : render(variant.field, image);
    if (key === undefined || (variant.field !== undefined && field === undefined)) return undefined;
    return { check, key, field, by };
  } catch (error) {
    if (error instanceof UnstaleError && error.fate === 'park') return undefined; // the consumers have told
    throw error;
  }
}

function byOf({ lookup, schema }: TemplateCheck, image: RowImage): DbRow | undefined {
  const values = lookup.by.map((name) => {
    const value = image[name];
    const type = schema.columns.find((column) => column.name === name)?.type;
    return value === undefined || value === null || type === undefined ? undefined : dbValueOf(value, type);
  });
  return values.includes(undefined) ? undefined : (values as DbRow);
}
