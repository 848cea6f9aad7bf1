import { describe, expect, test } from 'vitest';
import type { CacheKey, Target } from '../../../src/domain/cache-key.js';
import {
  type UnchangedTarget,
  createDeletion,
  createUnchangedDeletion,
} from '../../../src/invalidate/deletion.js';

const key = (text: string): CacheKey => text as CacheKey;
const targets: Target[] = ['a', 'b', 'c'].map((text) => ({ key: key(text) }));

function redisThat({ failsOn = '', keysPerCall = 2 } = {}) {
  const calls: string[] = [];
  const answer = (call: string, removed: number): Promise<number> => {
    calls.push(call);
    return failsOn !== '' && call.includes(failsOn)
      ? Promise.reject(new Error('MOVED'))
      : Promise.resolve(removed);
  };
  const deletion = createDeletion({
    keysPerCall,
    unlink: (keys) => answer(`unlink ${keys.join(' ')}`, keys.length),
    hdel: (hash, fields) => answer(`hdel ${hash} ${fields.join(' ')}`, fields.length),
  });
  return { deletion, calls };
}

describe('deleting', () => {
  test('takes many keys a call', async () => {
    const { deletion, calls } = redisThat();
    expect(await deletion(targets)).toEqual({ removed: 3, failed: [] });
    expect(calls).toEqual(['unlink a b', 'unlink c']);
  });

  test('takes all fields of a hash in one call', async () => {
    const { deletion, calls } = redisThat();
    const fields = ['1', '2'].map((field) => ({ key: key('products'), field }));
    expect((await deletion(fields)).removed).toBe(2);
    expect(calls).toEqual(['hdel products 1 2']);
  });

  test('a call that fails gives its own targets back, and no others', async () => {
    const { deletion } = redisThat({ failsOn: 'c' });
    const { removed, failed } = await deletion([...targets, { key: key('h'), field: 'f' }]);
    expect(removed).toBe(3);
    expect(failed).toEqual([{ target: { key: 'c' }, error: 'MOVED' }]);
  });

  test('of nothing asks nothing', async () => {
    const { deletion, calls } = redisThat();
    expect(await deletion([])).toEqual({ removed: 0, failed: [] });
    expect(calls).toEqual([]);
  });
});

describe('deleting what did not change', () => {
  const item = (text: string): UnchangedTarget => ({
    target: { key: key(text) },
    held: { kind: 'string', value: Buffer.from('seen') },
    fields: [],
  });

  test('tells of each item in order, and one that fails spoils no other', async () => {
    const deletion = createUnchangedDeletion({
      deleteUnchanged: ({ target }) =>
        target.key === 'b' ? Promise.reject(new Error('LOADING')) : Promise.resolve(target.key !== 'c'),
    });
    expect(await deletion(['a', 'b', 'c', 'd'].map(item))).toEqual([
      'deleted',
      { error: 'LOADING' },
      'changed',
      'deleted',
    ]);
  });

  test('asks nothing for what was absent', async () => {
    const deletion = createUnchangedDeletion({ deleteUnchanged: () => Promise.reject(new Error('asked')) });
    const absent = { ...item('a'), held: { kind: 'absent' } } as const;
    expect(await deletion([absent])).toEqual(['changed']);
  });

  test('has only so many in flight', async () => {
    let inFlight = 0;
    let inFlightMax = 0;
    const deletion = createUnchangedDeletion({
      async deleteUnchanged() {
        inFlight += 1;
        inFlightMax = Math.max(inFlightMax, inFlight);
        await Promise.resolve();
        inFlight -= 1;
        return true;
      },
    });
    const outcomes = await deletion(Array.from({ length: 250 }, (_, index) => item(String(index))));
    expect(outcomes).toHaveLength(250);
    expect(inFlightMax).toBe(100);
  });
});
