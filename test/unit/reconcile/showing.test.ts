import { describe, expect, test } from 'vitest';
import { rowKeyText, showBoth } from '../../../src/reconcile/showing.js';
import { categoryKey, checkOf, held, skuKey, staleStock, stockKey, suspectAt } from './support.js';

describe('what is shown of both values', () => {
  test('values: what the cache held, and what it should have held', () => {
    expect(showBoth(staleStock(7), 'values')).toEqual({ cached: '5', row: '3' });
  });

  test('nothing where nothing is', () => {
    const missing = staleStock(7, { held: { kind: 'absent' } });
    expect(showBoth(missing, 'values')).toEqual({ cached: null, row: '3' });
    const orphan = staleStock(7, {
      difference: { kind: 'orphan', differs: 'its row is gone', row: undefined },
    });
    expect(showBoth(orphan, 'values')).toEqual({ cached: '5', row: null });
    expect(showBoth(orphan, 'hashes')).toMatchObject({ row: null });
  });

  test('where no value is declared, that the row exists', () => {
    const check = checkOf({ key: 'p:{id}', expect: 'present' });
    const missing = staleStock(7, { suspect: suspectAt(check, 'p:7', [7]), held: { kind: 'absent' } });
    expect(showBoth(missing, 'values').row).toBe('the row exists');
  });

  test('hashes: equal for equal values, and nothing of the values', () => {
    const [one, other] = [showBoth(staleStock(7), 'hashes'), showBoth(staleStock(8), 'hashes')];
    expect(one).toEqual(other);
    expect(one.cached).toMatch(/^sha256:[0-9a-f]{16}$/);
    expect(one.cached).not.toBe(one.row);
    expect(showBoth(staleStock(7, { held: held('3') }), 'hashes')).toEqual({ cached: one.row, row: one.row });
  });

  test('a long value is cut, its hash is of the whole', () => {
    const long = (end: string) => staleStock(7, { held: held(`${'x'.repeat(20_000)}${end}`) });
    expect(showBoth(long('a'), 'values').cached).toBe(`${'x'.repeat(10_000)}…`);
    expect(showBoth(long('a'), 'hashes')).not.toEqual(showBoth(long('b'), 'hashes'));
  });
});

describe('the row key', () => {
  test('is JSON, as messages of the change topic have it', () => {
    expect(rowKeyText(staleStock(7))).toBe('{"id":7}');
  });

  test('is known of an orphan whose key holds it', () => {
    expect(rowKeyText(staleStock(7, { difference: { kind: 'orphan', differs: '', row: undefined } }))).toBe(
      '{"id":7}',
    );
  });

  test('is read from the row where the key holds another unique key', () => {
    const check = checkOf(skuKey);
    const row = check.lookup.columns.map((name) => (name === 'id' ? 7 : name));
    const stale = staleStock(0, {
      suspect: suspectAt(check, 's:a', ['a']),
      difference: { kind: 'stale', differs: '', row },
    });
    expect(rowKeyText(stale)).toBe('{"id":7}');
  });

  test('is empty where no row is known, or several are', () => {
    const difference = { kind: 'secondary_key_moved', differs: '', row: undefined } as const;
    const at = (key: typeof skuKey, text: string) =>
      staleStock(0, { suspect: suspectAt(checkOf(key), text, ['a']), difference });
    expect(rowKeyText(at(skuKey, 's:a'))).toBe('');
    expect(rowKeyText(at(categoryKey, 'c:a'))).toBe('');
  });

  test('has all of its columns, in the order of the key, and bytes as base64', () => {
    const schema = {
      uniqueKeys: [['shop', 'id']],
      columns: [
        { name: 'id', type: 'int', nullable: false },
        { name: 'shop', type: 'binary', nullable: false },
        { name: 'stock', type: 'int', nullable: false },
      ],
    };
    const check = checkOf({ ...stockKey, key: 'p:{id}:{shop}' }, { schema });
    const stale = staleStock(7, { suspect: suspectAt(check, 'p:7:AAE=', [Buffer.from([0, 1]), 7]) });
    expect(rowKeyText(stale)).toBe('{"shop":"AAE=","id":7}');
  });
});
