import { describe, expect, test, vi } from 'vitest';
import { totals } from '../../../src/reconcile/tally.js';
import { check, range, stale, trial } from './conclusions-support.js';
import { categoryKey, checkOf, held, staleStock, stockKey, suspectAt } from './support.js';

describe('drift', () => {
  test('is deleted while it is what it was, counted, sampled and announced', async () => {
    const { state, deleted, announced, found } = trial();
    await found(stale(7));
    expect(deleted).toEqual([{ target: { key: 'p:7' }, held: held('5'), fields: [] }]);
    const told = {
      table: 'shop.products',
      template: 'p:{id}',
      key: 'p:7',
      field: null,
      kind: 'stale',
      differs: 'column stock',
      rowKey: '{"id":7}',
      cached: '5',
      row: '3',
    };
    expect(announced).toEqual([
      {
        ...told,
        event: 'inventory_inconsistency',
        run: 'run-1',
        repaired: true,
        at: '2026-03-01T12:00:05.000Z',
        v: 1,
      },
    ]);
    expect(state.samples).toEqual([
      {
        ...told,
        repair: 'deleted',
        foundAt: '2026-03-01T12:00:05.000Z',
        history: { verdict: 'not_searched', text: '', changes: [] },
      },
    ]);
    expect(totals(state.tally)).toMatchObject({ repaired: 1, drift: { stale: 1 } });
  });

  test('of a field deletes the field', async () => {
    const field = checkOf({ key: 'h', field: '{id}', value: { kind: 'string', column: 'stock' } });
    const { deleted, found } = trial();
    await found([staleStock(7, { suspect: suspectAt(field, 'h', [7], { field: '7' }) }, field)]);
    expect(deleted.map(({ target }) => target)).toEqual([{ key: 'h', field: '7' }]);
  });

  test('of a key that is no hash is left there: it has no field to delete', async () => {
    const field = checkOf({ key: 'h', field: '{id}', value: { kind: 'string', column: 'stock' } });
    const { state, deleted, found } = trial();
    const list = { kind: 'other', type: 'list', digest: 'd' } as const;
    await found([staleStock(7, { suspect: suspectAt(field, 'h', [7], { field: '7' }), held: list }, field)]);
    expect([deleted, state.samples[0]?.repair]).toEqual([[], 'wrong_mapping']);
  });

  test('is only told in a run that does not repair', async () => {
    const { state, deleted, announced, found } = trial({ order: { repair: false } });
    await found(stale(7));
    expect([deleted, announced[0]?.repaired, state.samples[0]?.repair]).toEqual([[], false, 'not_asked']);
  });

  test('that is missing has nothing to delete', async () => {
    const { state, deleted, announced, found } = trial();
    const [one] = stale(7);
    await found(
      one ? [{ ...one, held: { kind: 'absent' }, difference: { ...one.difference, kind: 'missing' } }] : [],
    );
    expect([deleted, announced[0]?.kind, state.samples[0]?.repair]).toEqual([
      [],
      'missing',
      'nothing_to_delete',
    ]);
  });

  test('under a key that no template could have made is never deleted', async () => {
    const { deleted, found } = trial();
    await found([staleStock(7, { suspect: suspectAt(check, 'foreign', [7]) }, check)]);
    expect(deleted).toEqual([]);
  });

  test('that changed in the meantime is told as not repaired', async () => {
    const { state, announced, found } = trial({
      options: { deleteUnchanged: () => Promise.resolve(['changed']) },
    });
    await found(stale(7));
    expect([announced[0]?.repaired, state.samples[0]?.repair]).toEqual([false, 'changed_meanwhile']);
    expect(totals(state.tally).repaired).toBe(0);
  });

  test('whose delete failed lies in the retry queue before it is announced', async () => {
    const calls: string[] = [];
    const { state, options, found } = trial({
      options: {
        deleteUnchanged: () => Promise.resolve(['deleted', { error: 'READONLY' }]),
        queueRetry: vi.fn().mockImplementation(() => Promise.resolve(calls.push('retry'))),
        announce: () => Promise.resolve(void calls.push('announce')),
      },
    });
    await found(stale(7, 8));
    expect(options.queueRetry).toHaveBeenCalledWith([{ target: { key: 'p:8' }, error: 'READONLY' }]);
    expect(calls).toEqual(['retry', 'announce']);
    expect(state.samples.map(({ repair }) => repair)).toEqual(['deleted', 'failed']);
    expect(totals(state.tally)).toMatchObject({ repaired: 1, drift: { stale: 2 } });
  });

  test('that nobody could be told of fails the run, with what was deleted counted', async () => {
    const { state, found } = trial({ options: { announce: () => Promise.reject(new Error('no broker')) } });
    await expect(found(stale(7))).rejects.toThrow('no broker');
    expect(totals(state.tally).repaired).toBe(1);
  });

  test('is hashed where values must not leave the process', async () => {
    const { announced, state, found } = trial({ options: { show: 'hashes' } });
    await found(stale(7));
    expect(announced[0]).toMatchObject({ cached: expect.stringMatching(/^sha256:/) as string });
    expect(JSON.stringify([announced, state.samples])).not.toMatch(/"(cached|row)":"[35]"/);
  });
});

describe('a value that stays where it is', () => {
  test('is told once, though both directions find it', async () => {
    const { state, announced, found } = trial({ order: { repair: false } });
    await found(stale(7));
    await found(stale(7, 8));
    expect(announced.map(({ key }) => key)).toEqual(['p:7', 'p:8']);
    expect(totals(state.tally).drift.stale).toBe(2);
  });

  test('is told again after it was deleted and came back, or was another value', async () => {
    const deleteUnchanged = vi.fn().mockResolvedValueOnce(['changed']).mockResolvedValue(['deleted']);
    const { announced, found } = trial({ options: { deleteUnchanged } });
    for (let time = 0; time < 3; time += 1) await found(stale(7));
    expect(announced).toHaveLength(3);
  });

  test('is told for each template that it contradicts', async () => {
    const { announced, found } = trial({ order: { repair: false } });
    await found(stale(7));
    await found([staleStock(7, {}, checkOf(stockKey))]); // the same template, as another process knows it
    expect(announced).toHaveLength(1);
    await found([staleStock(7, { suspect: suspectAt(checkOf(categoryKey), 'p:7', [7]) })]);
    expect(announced).toHaveLength(2);
  });
});

describe('what is undecided', () => {
  const open = (...ids: readonly number[]) =>
    ids.map((id) => ({ suspect: suspectAt(check, `p:${id}`, [id]), why: 'the group g is behind' }));

  test('is counted, sampled, and left to the next run', async () => {
    const { state, found } = trial();
    await found([], open(7));
    expect(totals(state.tally).undecided).toBe(1);
    expect(state.undecidedSamples).toEqual([{ key: 'p:7', why: 'the group g is behind' }]);
    expect(state.undecided).toEqual([{ check: check.id, key: 'p:7', by: [7] }]);
  });

  test('is counted once, and is bounded: 10,000 are kept, 20 shown', async () => {
    const { state, found } = trial();
    await found([], open(...range(12_000)));
    await found([], open(1, 2));
    expect(totals(state.tally).undecided).toBe(12_000);
    expect([state.undecided.length, state.undecidedSamples.length]).toEqual([10_000, 20]);
  });
});

test('samples are five for each table and kind, and each is handed to whoever searches its history', async () => {
  const { state, options, found } = trial({ options: { limit: { share: 1, count: 1_000 } } });
  await found(stale(...range(50)));
  expect(state.samples).toHaveLength(5);
  expect(options.onSample).toHaveBeenCalledTimes(5);
  expect(totals(state.tally).drift.stale).toBe(50);
});
