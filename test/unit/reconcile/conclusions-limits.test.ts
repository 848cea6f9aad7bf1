import { describe, expect, test } from 'vitest';
import { RunStopped } from '../../../src/reconcile/conclusions.js';
import { tallyOf, totals } from '../../../src/reconcile/tally.js';
import { type Trial, check, range, stale, trial } from './conclusions-support.js';
import { checkOf, staleStock, stockKey, suspectAt } from './support.js';

/** So many values of the template were compared, so many of them differ in their stock. */
const alike =
  (compared: number, differing: number): Trial['prepare'] =>
  (_state, { likenessOf }) => {
    likenessOf(check).compared(compared);
    range(differing).forEach(() => {
      likenessOf(check).differs('column stock');
    });
  };

describe('the limit', () => {
  test('stops the run at the count, after it deleted and announced what it may', async () => {
    const { state, keys, announced, found } = trial({ options: { limit: { share: 1, count: 2 } } });
    const stopped = found(stale(1, 2, 3));
    await expect(stopped).rejects.toThrow(RunStopped);
    await expect(stopped).rejects.toThrow(
      /maxRepairs: 2 values were deleted, and more have drifted than 2 or 100 %/,
    );
    expect(keys()).toEqual(['p:1', 'p:2']);
    expect(announced.map(({ repaired }) => repaired)).toEqual([true, true, false]);
    expect(state.samples.map(({ repair }) => repair)).toEqual(['deleted', 'deleted', 'limit']);
  });

  test('is a share of what was looked at, over all that the run has deleted so far', async () => {
    const prepare: Trial['prepare'] = (state) => {
      state.tally.compared = 1_500;
      tallyOf(state.tally, 'shop.products').keys = 1_200;
      state.tally.keys = 1_000_000; // of which most are not ours
    };
    const { keys, found } = trial({ prepare });
    await found(stale(...range(140)));
    await expect(found(stale(...range(20).map((id) => id + 1_000)))).rejects.toThrow(RunStopped);
    expect(keys()).toHaveLength(150);
  });

  test('does not bind an order to force it', async () => {
    const { keys, found } = trial({ order: { force: true }, options: { limit: { share: 0, count: 0 } } });
    await found(stale(1, 2, 3));
    expect(keys()).toHaveLength(3);
  });

  test('does not count what only has to be told', async () => {
    const { found } = trial({ order: { repair: false }, options: { limit: { share: 0, count: 0 } } });
    await expect(found(stale(1, 2, 3))).resolves.toBeUndefined();
  });
});

describe('a template whose values nearly all differ alike', () => {
  test('has a wrong mapping: nothing of it is deleted or announced, and the report says how', async () => {
    const { state, deleted, announced, found } = trial({ prepare: alike(100, 99) });
    await found(stale(1, 2));
    expect([deleted, announced]).toEqual([[], []]);
    expect(state.mismatches).toEqual([
      { table: 'shop.products', template: 'p:{id}', compared: 100, alike: 99, differs: 'column stock' },
    ]);
    expect(totals(state.tally).drift).toMatchObject({ stale: 0, type_mismatch: 2 });
    expect(state.samples.map(({ kind, repair }) => [kind, repair])).toEqual([
      ['type_mismatch', 'wrong_mapping'],
      ['type_mismatch', 'wrong_mapping'],
    ]);
  });

  test('is told once, with the newest figures', async () => {
    const { state, options, found } = trial({ prepare: alike(100, 99) });
    await found(stale(1));
    options.likenessOf(check).compared(1);
    await found(stale(2));
    expect(state.mismatches.map(({ compared }) => compared)).toEqual([101]);
  });

  test('keeps its orphans: that a row is gone says nothing of the values', async () => {
    const { keys, state, found } = trial({ prepare: alike(100, 99) });
    const [one] = stale(7);
    const orphan = { kind: 'orphan', differs: 'its row is gone', row: undefined } as const;
    await found([...(one ? [{ ...one, difference: orphan }] : []), ...stale(8)]);
    expect(keys()).toEqual(['p:7']);
    expect(totals(state.tally).drift).toMatchObject({ orphan: 1, type_mismatch: 1 });
  });

  test('is deleted all the same by an order to force it', async () => {
    const { keys, state, found } = trial({ order: { force: true }, prepare: alike(100, 99) });
    await found(stale(1, 2));
    expect(keys()).toHaveLength(2);
    expect(state.mismatches).toEqual([]);
  });

  test('spares no other template', async () => {
    const other = checkOf({ ...stockKey, key: 'q:{id}' });
    const { keys, found } = trial({ prepare: alike(100, 99) });
    await found([...stale(1), staleStock(2, { suspect: suspectAt(other, 'q:2', [2]) }, other)]);
    expect(keys()).toEqual(['q:2']);
  });
});
