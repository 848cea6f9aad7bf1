import { describe, expect, test } from 'vitest';
import type { RowChange } from '../../../src/domain/change.js';
import type { DbRow } from '../../../src/domain/db-row.js';
import type { TableSchema } from '../../../src/mapping/table-schema.js';
import type { Checks } from '../../../src/reconcile/checks.js';
import { judge } from '../../../src/reconcile/judge.js';
import { collectRecent } from '../../../src/reconcile/recent.js';
import type { Suspect } from '../../../src/reconcile/suspect.js';
import { suspectOfTrace, withOthers } from '../../../src/reconcile/ways.js';
import { matching } from '../mapping/support.js';
import { checksOfTables, schemaWith } from './support.js';

/** Two shards whose rows feed the same keys. */
const SHARDS = ['part_1', 'part_2'].map((table) => schemaWith({ table: { db: 'shop', table } }));
const MAPPING = [
  matching(/^shop\.part_\d$/, [{ key: 'part:{id}', value: { kind: 'string', column: 'stock' } }]),
];

const isNamed =
  (name: string) =>
  ({ table }: TableSchema): boolean =>
    table.table === name;

const checksWith = (options: Partial<Parameters<typeof checksOfTables>[1]> = {}): Checks =>
  checksOfTables(MAPPING, { schemas: SHARDS, ...options });

const removed = (table: string): RowChange => ({
  operation: 'delete',
  table: { db: 'shop', table },
  before: { id: 7, stock: 1 },
});

/** The way of a place that is found by tracing its key. */
function traced(key: string, checks: Checks): Suspect | undefined {
  const trace = checks.keyParser.trace(key);
  return trace.kind === 'rows'
    ? suspectOfTrace({ key, field: undefined }, trace.explanations, checks)
    : undefined;
}

const held = { kind: 'string', value: Buffer.from('1') } as const;
const row = ({ check }: Suspect): DbRow => check.lookup.columns.map((name) => (name === 'id' ? 7 : 1));
const tablesOf = (suspect: Suspect | undefined): string[] =>
  suspect === undefined ? [] : [suspect, ...(suspect.others ?? [])].map(({ check }) => check.table.table);

describe('a key that rows of several tables may feed', () => {
  test('is no orphan while any of them has the row, however it was found', () => {
    const checks = checksWith();
    const recent = collectRecent(checks, 10);
    recent.add(removed('part_1'));
    const [moved] = recent.suspects;
    const byKey = traced('part:7', checks);
    for (const suspect of [moved, byKey]) {
      if (suspect === undefined) throw new Error('it was not found');
      expect(tablesOf(suspect)).toEqual(['part_1', 'part_2']);
      expect(judge(suspect, { held, rows: [], othersRows: [[row(suspect)]] })).toBeUndefined();
      expect(judge(suspect, { held, rows: [], othersRows: [[]] })?.kind).toBe('orphan');
    }
  });

  test('is looked at for one of them, and no other, if only that one is asked for', () => {
    const checks = checksWith({ isWanted: isNamed('part_2') });
    expect(checks.tables.map(({ schema }) => schema.table.table)).toEqual(['part_2']);
    expect(tablesOf(traced('part:7', checks))).toEqual(['part_2', 'part_1']);
  });

  test('is never judged where rows of one of them cannot be read', () => {
    expect(traced('part:7', checksWith({ isUsable: isNamed('part_1') }))).toBeUndefined();
  });

  test('is left to others where none of its tables is asked for', () => {
    expect(traced('part:7', checksWith({ isWanted: () => false }))).toBeUndefined();
  });
});

test('the way in which a suspect was found is none of its others', () => {
  const checks = checksOfTables(MAPPING, { schemas: SHARDS.slice(0, 1) });
  const suspect = traced('part:7', checks);
  expect(suspect && withOthers(suspect, checks).others).toBeUndefined();
});
