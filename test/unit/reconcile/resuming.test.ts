import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnstaleError } from '../../../src/errors.js';
import type { CacheNode } from '../../../src/reconcile/effects.js';
import type { ReconcilerOptions } from '../../../src/reconcile/reconciler.js';
import type { RunState } from '../../../src/reconcile/run-state.js';
import { type Stored, memoryCache, memoryNode } from './memory-cache.js';
import { copyOf, driftedShop, shopWith } from './run-support.js';
import { present, runWith } from './support.js';

const ROWS = 95;
const ORPHANS = 20;
const shop = driftedShop(ROWS, (id) => id % 7 === 0, ORPHANS);
const STALE = 13;
const isWrong = ([key, value]: [string, Stored]): boolean => value === '5' || Number(key.slice(2)) > ROWS;

describe('a run that is handed over', () => {
  test('goes on from its last finished chunk: each row is read, and each value told of, once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30), { maxLength: 4 }), fc.nat(3), async (stops, confirmAfterMs) => {
        const world = shopWith({ ...shop, options: { confirmAfterMs } });
        let state = runWith();
        for (const stop of stops) {
          const handed = await untilStopped(world, state, stop);
          if (handed === undefined) return; // it had ended before
          state = handed;
        }
        const report = await world.run(state);
        expect(report).toMatchObject({
          status: 'finished',
          rows: ROWS,
          drift: { stale: STALE, orphan: ORPHANS },
          repaired: STALE + ORPHANS,
        });
        expect(new Set(world.announced.map(({ key }) => key)).size).toBe(world.announced.length);
        expect([...world.cache.entries].filter(isWrong)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  /** Stops it at so many pages, and resolves to what it leaves. */
  async function untilStopped(
    world: ReturnType<typeof shopWith>,
    state: RunState,
    stop: number,
  ): Promise<RunState | undefined> {
    const stopping = new AbortController();
    let saved = state;
    let pages = 0;
    const ended = await world
      .run(copyOf(state), {
        signal: stopping.signal,
        progress: () => {
          if (pages++ === stop) stopping.abort(new Error('the process stops'));
        },
        save: (given) => {
          saved = copyOf(given);
          return Promise.resolve();
        },
      })
      .then(
        () => true,
        (error: unknown) => {
          expect(error).toEqual(new Error('the process stops'));
          return false;
        },
      );
    return ended ? undefined : saved;
  }
});

describe('a run whose process dies', () => {
  test('goes on from what it saved last, and no drift is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(22), fc.nat(3), async (lastSave, confirmAfterMs) => {
        const cache = memoryCache(shop.cached);
        const dead = new AbortController();
        /** A dead process does nothing more. */
        const alive =
          <A extends readonly unknown[], T>(effect: (...args: A) => Promise<T>) =>
          (...args: A): Promise<T> =>
            dead.signal.aborted ? Promise.reject(new Error('dead')) : effect(...args);
        const options: Partial<ReconcilerOptions> = { cache, confirmAfterMs };
        let saved: RunState | undefined;
        let saves = 0;
        await shopWith({
          rows: shop.rows,
          options: {
            ...options,
            deleteUnchanged: alive(cache.deleteUnchanged),
            announce: alive(() => Promise.resolve()),
          },
        })
          .run(runWith(), {
            signal: dead.signal,
            save: alive((state) => {
              saved = copyOf(state);
              if (saves++ === lastSave) dead.abort(new Error('dead'));
              return Promise.resolve();
            }),
          })
          .catch(() => undefined);
        const next = { ...present(saved), resumed: 1 };
        const report = await shopWith({
          rows: shop.rows,
          options: { ...options, deleteUnchanged: cache.deleteUnchanged },
        }).run(next);
        expect(report).toMatchObject({ status: 'finished', rows: ROWS, resumed: 1 });
        expect([...cache.entries].filter(isWrong)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the keys of a cluster', () => {
  const keys = (...names: string[]): Map<string, Stored> => new Map(names.map((name) => [name, '3']));
  const rows = [{ id: 1, stock: 3 }];

  /** @param lists the nodes each time that they are asked for; the last stays */
  async function scan(lists: readonly (readonly CacheNode[])[], state = runWith()) {
    const left = [...lists];
    const nodes = (): Promise<readonly CacheNode[]> =>
      Promise.resolve((left.length > 1 ? left.shift() : left[0]) ?? []);
    const all = memoryCache(Object.fromEntries([1, 2, 3, 4, 5, 6].map((id) => [`p:${id}`, '3'])));
    const report = await shopWith({ rows, options: { cache: { ...all, nodes } } }).run(state);
    return { report, scanned: report.keys, state };
  }
  const [a, b] = [memoryNode('a', keys('p:1', 'p:2')), memoryNode('b', keys('p:3'))];

  test('are those of every node', async () => {
    const { report, state } = await scan([[a, b]]);
    expect(report).toMatchObject({ keys: 3, drift: { orphan: 2 }, skipped: [] });
    expect(state.place).toEqual({ phase: 'end' });
  });

  test('of a node that took the place of another while this was scanned are scanned, too', async () => {
    const successor = memoryNode('a2', keys('p:1', 'p:2', 'p:4'));
    const dying: CacheNode = {
      ...a,
      scan: () => Promise.reject(new UnstaleError('REDIS_UNREACHABLE', 'it is gone')),
    };
    const { report } = await scan([
      [dying, b],
      [dying, b],
      [b, successor],
    ]);
    expect(report).toMatchObject({ status: 'finished', drift: { orphan: 3 }, skipped: [] });
  });

  test('of a node that was restarted, or got other slots, behind its scan are scanned again', async () => {
    const restarted = memoryNode('a2', keys('p:1', 'p:5'));
    const { report } = await scan([[a], [a], [restarted]]);
    expect(report.drift.orphan).toBe(2);
  });

  test('of a node that was only away for a while are scanned from where it was', async () => {
    const cursors: string[] = [];
    const many = memoryNode('a', keys(...Array.from({ length: 30 }, (_, id) => `p:${id + 1}`)));
    const shaky: CacheNode = {
      ...many,
      scan(cursor, count) {
        cursors.push(cursor);
        const isAway = cursors.filter((each) => each === '20').length === 1 && cursor === '20';
        return isAway
          ? Promise.reject(new UnstaleError('REDIS_UNREACHABLE', 'it is away'))
          : many.scan(cursor, count);
      },
    };
    const { scanned, report } = await scan([[shaky]]);
    expect(cursors).toEqual(['0', '10', '20', '20']);
    expect([scanned, report.skipped]).toEqual([30, []]);
  });

  test('of nodes that change all the time are given up, and the report says so', async () => {
    let count = 0;
    const unsteady = (): CacheNode[] => [memoryNode(`n${count++}`, keys('p:1'))];
    const lists = Array.from({ length: 50 }, unsteady);
    const { report } = await scan(lists);
    expect(report.status).toBe('finished');
    expect(report.skipped).toEqual([
      { what: 'some keys', why: expect.stringContaining('changed again') as string },
    ]);
  });

  test('of a node that was begun are finished first by the process that goes on', async () => {
    const state = runWith();
    state.place = { phase: 'keys', done: [], node: 'b', cursor: '0' };
    const order: string[] = [];
    const told = (node: CacheNode): CacheNode => ({
      ...node,
      scan(cursor, count) {
        order.push(node.id);
        return node.scan(cursor, count);
      },
    });
    await scan([[told(a), told(b)]], state);
    expect(order).toEqual(['b', 'a']);
  });
});
