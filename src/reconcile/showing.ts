import { hash } from 'node:crypto';
import { describeCached } from '../compare/comparer.js';
import type { DbRow } from '../domain/db-row.js';
import type { Confirmed } from './confirm.js';
import type { TemplateCheck } from './checks.js';

/** What of a value may leave the process. */
export type Show = 'values' | 'hashes';

const CHARACTERS_MAX = 10_000;

/** What the cache held, and what it should have held, in the same form; null where there is nothing. */
export function showBoth(
  { suspect, difference, held }: Confirmed,
  show: Show,
): { cached: string | null; row: string | null } {
  const { comparer, lookup } = suspect.check;
  const { row } = difference;
  const cached = describeCached(held, comparer?.fields ?? []);
  const expected =
    row === undefined ? null : (comparer?.describeRow(lookup.reader.value(row)) ?? 'the row exists');
  return { cached: showText(cached, show), row: showText(expected, show) };
}

function showText(text: string | null, show: Show): string | null {
  if (text === null) return null;
  if (show === 'hashes') return `sha256:${hash('sha256', text).slice(0, 16)}`;
  return text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…` : text;
}

/** The row key as messages of the change topic carry it; empty where the row is not known. */
export function rowKeyText({ suspect: { check, by }, difference: { row } }: Confirmed): string {
  const { rowKey = [] } = check.schema;
  const values = check.lookup.byRowKey ? by : row && rowKeyValues(check, row);
  if (values === undefined) return '';
  return JSON.stringify(
    Object.fromEntries(
      rowKey.map((name, index) => {
        const value = values[index] ?? null;
        return [name, Buffer.isBuffer(value) ? value.toString('base64') : value];
      }),
    ),
  );
}

function rowKeyValues({ schema, lookup }: TemplateCheck, row: DbRow): DbRow | undefined {
  const indexes = (schema.rowKey ?? []).map((name) => lookup.columns.indexOf(name));
  return indexes.includes(-1) ? undefined : indexes.map((index) => row[index] ?? null);
}
