import { describe, expect, test } from 'vitest';
import type { CachedValue } from '../../../src/domain/cached-value.js';
import type { ColumnValue, RowChange } from '../../../src/domain/change.js';
import type { DbRow } from '../../../src/domain/db-row.js';
import type { Confirmed } from '../../../src/reconcile/confirm.js';
import { type RowEvent, dbValueOf, explain } from '../../../src/reconcile/history.js';
import { insert, remove, update } from '../mapping/support.js';
import { type ShopOptions, categoryKey, checkOf, held, stockKey, suspectAt } from './support.js';

const AT_MS = Date.parse('2026-03-01T12:00:00Z');
const eventOf = (change: RowChange, at = 0): RowEvent => ({
  change,
  gtid: `g:${at}`,
  partition: 3,
  offset: String(100 + at),
  atMs: AT_MS + at * 1_000,
});

/** A product whose row is `row` while the cache holds something else. */
function drifted(
  row: Readonly<Record<string, DbRow[number]>> | undefined,
  cached: CachedValue | string,
  { key = stockKey, ...options }: ShopOptions & { readonly key?: typeof stockKey } = {},
): Confirmed {
  const check = checkOf(key, options);
  return {
    suspect: suspectAt(check, 'p:1', [1]),
    difference: {
      kind: row === undefined ? 'orphan' : 'stale',
      differs: 'column stock',
      row: row && check.lookup.columns.map((name) => row[name] ?? null),
    },
    held: typeof cached === 'string' ? held(cached) : cached,
    topicEnds: new Map(),
  };
}
const verdictOf = (confirmed: Confirmed, ...changes: readonly RowChange[]) =>
  explain(confirmed, changes.map(eventOf), AT_MS).verdict;

describe('the verdict', () => {
  test('no event: the topic told nothing of the row, as far back as it was searched', () => {
    expect(explain(drifted({ id: 1, stock: 3 }, '5'), [], AT_MS)).toEqual({
      verdict: 'no_event',
      text:
        'The change topic holds no change of this row since 2026-03-01T12:00:00.000Z: nothing told that the value ' +
        'is wrong.',
      changes: [],
    });
    expect(explain(drifted({ id: 1, stock: 3 }, '5'), [], undefined).text).not.toContain('since');
  });

  test('event missed: the row is not what its last change left', () => {
    const before = { id: 1, stock: 5 };
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), update(before, { id: 1, stock: 4 }))).toBe(
      'event_missed',
    );
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), insert(before))).toBe('event_missed');
  });

  test('event missed: the row is there after its delete, or is gone after its insert', () => {
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), remove({ id: 1, stock: 5 }))).toBe('event_missed');
    expect(verdictOf(drifted(undefined, '5'), insert({ id: 1, stock: 5 }))).toBe('event_missed');
  });

  test('late fill: the cache holds what the row was before its last change', () => {
    const change = update({ id: 1, stock: 5 }, { id: 1, stock: 3 });
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), change)).toBe('late_fill');
    expect(verdictOf(drifted(undefined, '5'), remove({ id: 1, stock: 5 }))).toBe('late_fill');
  });

  test('late fill: also where messages do not carry what marks a row as gone', () => {
    const change = update({ id: 1, stock: 5 }, { id: 1, stock: 3 });
    const row = { id: 1, stock: 3, deleted_at: null };
    expect(verdictOf(drifted(row, '5', { gone: { deleted_at: 'notNull' } }), change)).toBe('late_fill');
  });

  test('event seen: neither explains what the cache holds', () => {
    const change = update({ id: 1, stock: 4 }, { id: 1, stock: 3 });
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), change)).toBe('event_seen');
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), insert({ id: 1, stock: 3 }))).toBe('event_seen');
  });

  test('only the last change counts', () => {
    const first = update({ id: 1, stock: 5 }, { id: 1, stock: 4 });
    const second = update({ id: 1, stock: 4 }, { id: 1, stock: 3 });
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '5'), first, second)).toBe('event_seen');
    expect(verdictOf(drifted({ id: 1, stock: 3 }, '4'), first, second)).toBe('late_fill');
  });

  test('a key that several rows feed has moved without anything being missed', () => {
    const check = checkOf(categoryKey);
    const confirmed: Confirmed = {
      suspect: suspectAt(check, 'c:7', [7]),
      difference: { kind: 'secondary_key_moved', differs: 'no row has these values', row: undefined },
      held: held('x'),
      topicEnds: new Map(),
    };
    expect(verdictOf(confirmed, update({ id: 1, category_id: 7 }, { id: 1, category_id: 8 }))).toBe(
      'event_seen',
    );
  });
});

test('the last five changes are listed, the newest first', () => {
  const changes = Array.from({ length: 7 }, (_, at) =>
    eventOf(update({ id: 1, stock: at }, { id: 1, stock: at + 1 }), at),
  );
  const listed = explain(drifted({ id: 1, stock: 7 }, '5'), changes, AT_MS).changes;
  expect(listed.map(({ offset }) => offset)).toEqual(['106', '105', '104', '103', '102']);
  expect(listed[0]).toEqual({
    at: '2026-03-01T12:00:06.000Z',
    operation: 'update',
    changed: ['stock'],
    partition: 3,
    offset: '106',
    gtid: 'g:6',
  });
  expect(explain(drifted({ id: 1 }, '5'), [eventOf(insert({ id: 1 }))], AT_MS).changes[0]?.changed).toEqual(
    [],
  );
});

describe('values of messages and of rows', () => {
  const differs = (type: string, carried: ColumnValue, selected: DbRow[number]): boolean => {
    const columns = [
      { name: 'id', type: 'int', nullable: false },
      { name: 'stock', type, nullable: true },
    ];
    const row = { id: 1, stock: selected };
    return (
      verdictOf(drifted(row, 'x', { schema: { columns } }), insert({ id: 1, stock: carried })) ===
      'event_missed'
    );
  };

  test.each<[string, ColumnValue, DbRow[number]]>([
    ['int', 3, 3],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['decimal', '1.10', '1.10'],
    ['varchar', 'é', 'é'],
    ['varbinary', 'AAE=', Buffer.from([0, 1])],
    ['bit', 'BQ==', Buffer.from([5])],
    ['json', { a: [1, { b: null }] }, '{"a": [1, {"b": null}]}'],
    ['datetime', '2026-01-01 00:00:00', '2026-01-01 00:00:00'],
    ['varchar', null, null],
    ['timestamp', '2026-01-01 00:00:00', '2026-01-01 01:00:00'], // in which zone?
  ])('%s: %j is what MySQL hands over as %j', (type, carried, selected) => {
    expect(differs(type, carried, selected)).toBe(false);
  });

  test.each<[string, ColumnValue, DbRow[number]]>([
    ['int', 3, 4],
    ['int', null, 0],
    ['varchar', '', null],
    ['varbinary', 'AAE=', Buffer.from([0, 2])],
    ['json', { a: 1 }, '{"a": 2}'],
  ])('%s: %j is not %j', (type, carried, selected) => {
    expect(differs(type, carried, selected)).toBe(true);
  });

  test.each<[string, ColumnValue, DbRow[number]]>([
    ['int', null, null],
    ['tinyint', true, 1],
    ['json', 'a', '"a"'],
    ['json', null, null],
    ['blob', 'AAE=', Buffer.from([0, 1])],
    ['varchar', 'AAE=', 'AAE='],
  ])('%s: %j becomes %j', (type, carried, value) => {
    expect(dbValueOf(carried, type)).toEqual(value);
  });
});
