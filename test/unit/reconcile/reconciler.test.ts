import { describe, expect, test, vi } from 'vitest';
import { UnstaleError } from '../../../src/errors.js';
import type { PageQuery } from '../../../src/reconcile/effects.js';
import { Cancelled, type ReconcilerOptions } from '../../../src/reconcile/reconciler.js';
import type { RunState } from '../../../src/reconcile/run-state.js';
import { recordOf } from '../../../src/reconcile/suspect.js';
import { exactly } from '../mapping/support.js';
import { memoryTables } from './memory-tables.js';
import { driftedShop, shopWith } from './run-support.js';
import {
  categoryKey,
  checkIn,
  checksOf,
  checksOfTables,
  named,
  products,
  runWith,
  schemaWith,
  skuKey,
  stockKey,
  suspectAt,
} from './support.js';

const everyTenth = (id: number): boolean => id % 10 === 0;
const away = new UnstaleError('MYSQL_UNREACHABLE', 'MySQL is away');

describe('a run', () => {
  test('finds both directions, mends, announces and reports', async () => {
    const shop = shopWith({
      checks: checksOf([stockKey, skuKey, categoryKey]),
      rows: [
        { id: 1, sku: 'a', stock: 3, category_id: 7 },
        { id: 2, sku: 'b', stock: 4, category_id: 7 },
      ],
      cached: {
        'p:1': '3',
        'p:2': '5',
        'p:9': '1',
        's:a': '3',
        's:old': '3',
        'c:7': '',
        'c:8': '',
        'p:x': '',
        other: '',
      },
    });
    const report = await shop.run();
    expect(report).toMatchObject({
      status: 'finished',
      reason: '',
      rows: 2,
      keys: 9,
      compared: 3,
      drift: { stale: 1, orphan: 1, secondary_key_moved: 2 },
      repaired: 4,
      undecided: 0,
      unexplained: { keys: 1, samples: ['p:x'] },
    });
    expect([...shop.cache.entries.keys()]).toEqual(['p:1', 's:a', 'c:7', 'p:x', 'other']);
    expect(shop.announced.map(({ key }) => key).toSorted()).toEqual(['c:8', 'p:2', 'p:9', 's:old']);
  });

  test('that only reports tells each value once, though both directions find it', async () => {
    const checks = checksOf([stockKey], { gone: { deleted_at: 'notNull' } });
    const rows = [{ id: 1, stock: 3, deleted_at: '2026-01-01 00:00:00' }];
    const shop = shopWith({ checks, rows, cached: { 'p:1': '3' } });
    expect((await shop.run(runWith({ repair: false }))).drift.orphan).toBe(1);
    expect(shop.announced).toHaveLength(1);
    expect(shop.cache.entries.size).toBe(1);
  });

  test('over changes of the last minutes looks at those places alone', async () => {
    const checks = checksOf([stockKey]);
    const suspects = [2, 3].map((id) => suspectAt(checkIn(checks), `p:${id}`, [id]));
    const skipped = [{ what: 'more places', why: 'too many' }];
    const recentSuspects = () => Promise.resolve({ suspects, skipped });
    const rows = [1, 2, 3].map((id) => ({ id, stock: 3 }));
    const shop = shopWith({
      checks,
      rows,
      cached: { 'p:1': '5', 'p:2': '5', 'p:3': '3' },
      options: { recentSuspects },
    });
    expect(await shop.run(runWith({ scope: 'recent' }))).toMatchObject({
      compared: 2,
      drift: { stale: 1 },
      skipped,
    });
    expect([...shop.cache.entries.keys()]).toEqual(['p:1', 'p:3']);
  });

  test('leaves out a table that was altered meanwhile, and says so', async () => {
    const brands = named('brands');
    const checks = checksOfTables([exactly([stockKey]), exactly([{ ...stockKey, key: 'b:{id}' }], brands)], {
      schemas: [schemaWith(), schemaWith({ table: brands })],
    });
    const tables = memoryTables();
    tables.put(products, { id: 1, stock: 3 });
    const scanned = {
      estimateRows: () => Promise.resolve(1),
      page: (query: PageQuery) =>
        query.schema.table === brands
          ? Promise.reject(new UnstaleError('TABLE_CHANGED', 'no such column'))
          : tables.page(query),
    };
    const altered = shopWith({ checks, cached: { 'p:1': '5' }, options: { scanned, tables } });
    expect(await altered.run()).toMatchObject({
      status: 'finished',
      drift: { stale: 1 },
      skipped: [{ what: 'rows of shop.brands', why: 'no such column' }],
    });
  });
});

describe('what an earlier run left', () => {
  const checks = checksOfTables(
    [exactly([stockKey]), exactly([{ ...stockKey, key: 'b:{id}' }], named('brands'))],
    {
      schemas: [schemaWith(), schemaWith({ table: named('brands') })],
      isWanted: ({ table }) => table.table === 'products',
    },
  );
  const [own, others] = ['shop.products#0.0#p:{id}', 'shop.brands#0.0#b:{id}'].map((id) =>
    checks.byId.get(id),
  );
  const leftOf = (check: typeof own, key: string) => (check ? [recordOf(suspectAt(check, key, [1]))] : []);

  test('is looked at first, and what belongs to other tables is kept for a run that looks at these', async () => {
    const shop = shopWith({ checks, rows: [{ id: 1, stock: 3 }], cached: { 'p:1': '5', 'b:1': '5' } });
    const state = runWith({ scope: 'recent', tables: ['shop.products'] });
    state.pending = [...leftOf(own, 'p:1'), ...leftOf(others, 'b:1')];
    expect((await shop.run(state)).drift.stale).toBe(1);
    expect(state.undecided).toEqual(leftOf(others, 'b:1'));
    expect(shop.cache.entries.has('b:1')).toBe(true);
  });

  test('is left to the next run by one that fails before it looks', async () => {
    const options = { loadChecks: () => Promise.reject(away) };
    const state = runWith();
    state.pending = leftOf(own, 'p:1');
    expect(await shopWith({ options }).run(state)).toMatchObject({
      status: 'failed',
      reason: 'MySQL is away',
    });
    expect(state.undecided).toEqual(leftOf(own, 'p:1'));
  });

  test('says nothing of the mapping, however alike it differs', async () => {
    const { rows, cached } = driftedShop(60, () => true);
    const state = runWith({ scope: 'recent' });
    const check = checkIn(checksOf([stockKey]));
    state.pending = rows.map(({ id }) => recordOf(suspectAt(check, `p:${String(id)}`, [id ?? 0])));
    expect(await shopWith({ rows, cached }).run(state)).toMatchObject({ status: 'finished', repaired: 60 });
  });
});

describe('a run that does not finish', () => {
  test('is stopped by the limit, and the samples are explained all the same', async () => {
    const searchHistory = vi.fn().mockResolvedValue(undefined);
    const { rows, cached } = driftedShop(300, everyTenth);
    const shop = shopWith({ rows, cached, options: { limit: { share: 0, count: 7 }, searchHistory } });
    const report = await shop.run();
    expect(report).toMatchObject({
      status: 'stopped',
      repaired: 7,
      reason: expect.stringContaining('maxRepairs') as string,
    });
    expect(searchHistory).toHaveBeenCalledTimes(1);
    expect([...shop.cache.entries.values()].filter((value) => value === '5')).toHaveLength(23);
  });

  test('is stopped by a wrong mapping, with nothing deleted', async () => {
    const { rows, cached } = driftedShop(300, () => true);
    const shop = shopWith({ rows, cached });
    const report = await shop.run();
    expect(report.status).toBe('stopped');
    expect(report.reason).toContain(
      'the mapping of shop.products "p:{id}" is wrong: 300 of 300 values differ alike',
    );
    expect([report.repaired, shop.cache.entries.size]).toEqual([0, 300]);
  });

  test('is stopped by a wrong mapping also where only recent changes are looked at', async () => {
    const { rows, cached } = driftedShop(60, () => true);
    const checks = checksOf([stockKey]);
    const suspects = rows.map(({ id }) => suspectAt(checkIn(checks), `p:${String(id)}`, [id ?? 0]));
    const recentSuspects = () => Promise.resolve({ suspects, skipped: [] });
    const shop = shopWith({ checks, rows, cached, options: { recentSuspects } });
    expect(await shop.run(runWith({ scope: 'recent' }))).toMatchObject({ status: 'stopped', repaired: 0 });
    expect(shop.cache.entries.size).toBe(60);
  });

  test('is cancelled, with a report of what it had found', async () => {
    const cancelling = new AbortController();
    const { rows, cached } = driftedShop(100, everyTenth);
    const shop = shopWith({ rows, cached });
    const report = await shop.run(runWith(), {
      signal: cancelling.signal,
      progress: ({ rows: read }) => {
        if (read >= 50) cancelling.abort(new Cancelled('it was cancelled'));
      },
    });
    expect(report).toMatchObject({ status: 'cancelled', reason: 'it was cancelled' });
    expect(report.rows).toBeLessThan(100);
  });

  test.each([
    [
      'a page cannot be read',
      { scanned: { page: () => Promise.reject(away), estimateRows: () => Promise.resolve(0) } },
    ],
    ['rows cannot be looked up', { tables: { lookup: () => Promise.reject(away) } }],
    ['nobody can be told', { announce: () => Promise.reject(away) }],
  ])('fails where %s, and its report says so', async (_what, options) => {
    const { rows, cached } = driftedShop(30, everyTenth);
    expect(await shopWith({ rows, cached, options }).run()).toMatchObject({
      status: 'failed',
      reason: 'MySQL is away',
    });
  });

  test('has ended when its report is made: nothing is confirmed or deleted afterwards', async () => {
    const { rows, cached } = driftedShop(100, everyTenth);
    const shop = shopWith({ rows, cached });
    const page: typeof shop.tables.page = (query) =>
      query.after === undefined ? shop.tables.page(query) : Promise.reject(away);
    const deleteUnchanged = vi.fn(shop.cache.deleteUnchanged);
    const scanned = { page, estimateRows: () => Promise.resolve(100) };
    const state = runWith();
    const failing = shopWith({ rows, cached, options: { scanned, deleteUnchanged, confirmAfterMs: 50 } });
    expect((await failing.run(state)).status).toBe('failed');
    const { calls } = deleteUnchanged.mock;
    const callsAtTheEnd = calls.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(calls.length).toBe(callsAtTheEnd);
    expect(state.undecided.map(({ key }) => key)).toEqual(['p:10']);
  });

  test('waits for what is being deleted, and tells of it', async () => {
    const { rows, cached } = driftedShop(100, everyTenth);
    const { tables, cache } = shopWith({ rows, cached });
    let isDeleting: (() => void) | undefined;
    const deleting = new Promise<void>((resolve) => (isDeleting = resolve));
    const options: Partial<ReconcilerOptions> = {
      cache,
      async deleteUnchanged(items) {
        isDeleting?.();
        await new Promise((resolve) => setTimeout(resolve, 50));
        return cache.deleteUnchanged(items);
      },
      scanned: {
        estimateRows: () => Promise.resolve(100),
        page: (query) =>
          query.after === '[20]' ? deleting.then(() => Promise.reject(away)) : tables.page(query),
      },
    };
    const failing = shopWith({ rows, options });
    expect(await failing.run()).toMatchObject({ status: 'failed', drift: { stale: 1 }, repaired: 1 });
    expect(failing.announced.map(({ key }) => key)).toEqual(['p:10']);
  });

  test('tells why samples have no history, and finishes', async () => {
    const { rows, cached } = driftedShop(30, everyTenth);
    const options = { searchHistory: () => Promise.reject(new Error('no broker')) };
    const report = await shopWith({ rows, cached, options }).run();
    expect(report).toMatchObject({
      status: 'finished',
      skipped: [{ what: 'history of samples', why: 'no broker' }],
    });
  });
});

test('what was waited for is added to what earlier processes waited', async () => {
  let outageMs = 0;
  const options = {
    outageMs: () => (outageMs += 100),
  };
  const state: RunState = runWith();
  state.waitedMs = { rate: 1, replicaLag: 2, redisLatency: 3, outage: 1_000 };
  const report = await shopWith({ options }).run(state);
  expect(report.waitedMs).toMatchObject({ rate: 1, replicaLag: 2, redisLatency: 3 });
  expect(report.waitedMs.outage).toBeGreaterThanOrEqual(1_100);
});
