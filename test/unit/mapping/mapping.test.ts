import { describe, expect, test } from 'vitest';
import { UnstaleError } from '../../../src/errors.js';
import { compileMapping } from '../../../src/mapping/mapping.js';
import { exactly, insert, matching, planOf, products, remove, update } from './support.js';

describe('the targets of a change', () => {
  test('an insert yields the keys of its only image, and so does a delete', () => {
    const plan = planOf([{ key: 'product:{id}' }, { key: 'product:{id}:stock' }]);
    const keys = [{ key: 'product:7' }, { key: 'product:7:stock' }];
    expect(plan.targetsOf(insert({ id: 7 }))).toEqual(keys);
    expect(plan.targetsOf(remove({ id: 7 }))).toEqual(keys);
  });

  test('an update that changes the sku deletes the old and the new key', () => {
    const plan = planOf([{ key: 'product:sku:{sku}' }]);
    const targets = plan.targetsOf(update({ sku: 'old' }, { sku: 'new' }));
    expect(targets).toEqual([{ key: 'product:sku:old' }, { key: 'product:sku:new' }]);
  });

  test('an update that changes the field of a hash deletes the old and the new field', () => {
    const plan = planOf([{ key: 'products', field: '{id}' }]);
    const targets = plan.targetsOf(update({ id: 1 }, { id: 2 }));
    expect(targets).toEqual([
      { key: 'products', field: '1' },
      { key: 'products', field: '2' },
    ]);
  });

  test('an update that leaves the columns of the key alone yields the key once', () => {
    const plan = planOf([{ key: 'product:{id}' }]);
    expect(plan.targetsOf(update({ id: 7, stock: 1 }, { id: 7, stock: 2 }))).toEqual([{ key: 'product:7' }]);
  });

  test('both images count even if the names of the changed columns are incomplete', () => {
    const plan = planOf([{ key: 'product:sku:{sku}' }]);
    expect(plan.targetsOf(update({ sku: 'old' }, { sku: 'new' }, []))).toHaveLength(2);
  });

  test('a key without columns goes with every change', () => {
    expect(planOf([{ key: 'products:all' }]).targetsOf(update({ id: 1 }, { id: 1 }))).toEqual([
      { key: 'products:all' },
    ]);
  });

  test('the prefix stands before keys, not before fields', () => {
    const plan = planOf([{ key: 'products', field: '{id}' }], { keyPrefix: 'app:{1}' });
    expect(plan.targetsOf(insert({ id: 7 }))).toEqual([{ key: 'app:{1}products', field: '7' }]);
  });
});

describe('when', () => {
  const plan = planOf([{ key: 'category:{category_id}:products', when: ['status'] }]);
  const row = { id: 1, category_id: 3, status: 'on', stock: 5 };

  test('an update of another column yields nothing', () => {
    expect(plan.targetsOf(update(row, { ...row, stock: 4 }))).toEqual([]);
  });

  test('an update of a listed column yields the key', () => {
    expect(plan.targetsOf(update(row, { ...row, status: 'off' }))).toEqual([{ key: 'category:3:products' }]);
  });

  test('an update that moves the row to another key yields both, listed or not', () => {
    const targets = plan.targetsOf(update(row, { ...row, category_id: 4 }));
    expect(targets).toEqual([{ key: 'category:3:products' }, { key: 'category:4:products' }]);
  });

  test('an update that marks the row as gone yields the key, listed or not', () => {
    const key = { key: 'product:{id}', when: ['status'] };
    const [entry, gone] = [exactly([key]), { deleted_at: 'notNull' } as const];
    const soft = compileMapping([{ ...entry, gone }]).planFor(products);
    const change = update(row, row, ['deleted_at']); // which messages need not carry
    expect(soft?.targetsOf(change)).toEqual([{ key: 'product:1' }]);
    expect(compileMapping([entry]).planFor(products)?.targetsOf(change)).toEqual([]);
  });

  test('inserts and deletes always count', () => {
    expect(plan.targetsOf(insert(row))).toHaveLength(1);
    expect(plan.targetsOf(remove(row))).toHaveLength(1);
  });
});

describe('values in keys', () => {
  test.each([
    [7, '7'],
    [-1.5, '-1.5'],
    ['18446744073709551615', '18446744073709551615'],
    ['12.50', '12.50'],
    [true, '1'],
    [false, '0'],
    ['', ''],
  ])('%j reads %j', (value, text) => {
    expect(planOf([{ key: 'k:{v}' }]).targetsOf(insert({ v: value }))).toEqual([{ key: `k:${text}` }]);
  });

  test('NULL in a column of the key yields no key for that image, but one for the other', () => {
    const plan = planOf([{ key: 'product:sku:{sku}' }, { key: 'products', field: '{sku}' }]);
    expect(plan.targetsOf(insert({ sku: null }))).toEqual([]);
    expect(plan.targetsOf(update({ sku: null }, { sku: 'a' }))).toEqual([
      { key: 'product:sku:a' },
      { key: 'products', field: 'a' },
    ]);
  });

  test.each([
    ['an absent column', {}, 'lacks the column sku'],
    ['a JSON object', { sku: { secret: 1 } }, 'column sku holds JSON'],
    ['a JSON list', { sku: ['secret'] }, 'column sku holds JSON'],
    ['what is no date', { sku: 'secret' }, 'date(YYYY) cannot work on the value of its column sku'],
  ])('%s parks the message, and names column and template but no value', (_, image, why) => {
    const plan = planOf([{ key: 'product:{sku|date(YYYY)}' }]);
    const targets = () => plan.targetsOf(insert(image));
    expect(targets).toThrow(UnstaleError);
    expect(targets).toThrow(expect.objectContaining({ code: 'MESSAGE_UNREADABLE', fate: 'park' }));
    expect(targets).toThrow(why);
    expect(targets).toThrow('"product:{sku|date(YYYY)}"');
    expect(targets).not.toThrow('secret');
  });

  test('an absent column with the name of a method of objects parks the message', () => {
    const plan = planOf([{ key: 'product:{constructor}' }]);
    expect(() => plan.targetsOf(insert({}))).toThrow(expect.objectContaining({ code: 'MESSAGE_UNREADABLE' }));
  });

  test('an after image that lacks a column parks the message too', () => {
    const plan = planOf([{ key: 'product:{sku}' }]);
    expect(() => plan.targetsOf(update({ sku: 'a' }, {}, []))).toThrow('lacks the column sku');
  });
});

describe('with', () => {
  test('every combination is a key', () => {
    const plan = planOf([
      { key: '{locale|upper}:{id}:{size}', with: { locale: ['en', 'de'], size: ['s', 'l'] } },
    ]);
    const keys = plan.targetsOf(insert({ id: 7 })).map(({ key }) => key);
    expect(keys).toEqual(['EN:7:s', 'EN:7:l', 'DE:7:s', 'DE:7:l']);
  });

  test('a name serves in the field as well', () => {
    const plan = planOf([{ key: 'products', field: '{id}:{locale}', with: { locale: ['en', 'de'] } }]);
    expect(plan.targetsOf(insert({ id: 7 })).map(({ field }) => field)).toEqual(['7:en', '7:de']);
  });

  test('its values are text, whatever they look like', () => {
    const plan = planOf([{ key: '{x}', with: { x: ['{id}', '}}', '*'] } }]);
    expect(plan.targetsOf(insert({ id: 7 })).map(({ key }) => key)).toEqual(['{id}', '}}', '*']);
  });
});

describe('planFor', () => {
  const mapping = compileMapping([
    exactly([{ key: 'product:{id}' }]),
    matching(/^shop\.products$/, [
      { key: 'other:{id}', when: ['status'], value: { kind: 'string', column: 'stock' } },
    ]),
    matching(/^shop_(?<tenant>\w+)\.(?<kind>a|b)?/, [{ key: '{tenant}:{kind}:{$db}.{$table}:{id}' }]),
  ]);

  test('a table that no entry names has no plan, the second time too', () => {
    expect(mapping.planFor({ db: 'shop', table: 'Products' })).toBeUndefined();
    expect(mapping.planFor({ db: 'shop', table: 'Products' })).toBeUndefined();
    expect(mapping.planFor({ db: 'SHOP', table: 'products' })).toBeUndefined();
  });

  test('all entries that match a table apply', () => {
    const targets = mapping.planFor(products)?.targetsOf(insert({ id: 7, status: 'on', stock: 1 }));
    expect(targets).toEqual([{ key: 'product:7' }, { key: 'other:7' }]);
  });

  test('a plan is made once', () => {
    expect(mapping.planFor(products)).toBe(mapping.planFor({ ...products }));
  });

  test('its columns are those of templates, when and value', () => {
    expect([...(mapping.planFor(products)?.columns ?? [])].sort()).toEqual(['id', 'status', 'stock']);
  });

  test('captures and the names of the table serve in templates; a capture without a match is empty', () => {
    const plan = mapping.planFor({ db: 'shop_eu', table: 'x.y' });
    expect(plan?.targetsOf(insert({ id: 7 }))).toEqual([{ key: 'eu::shop_eu.x.y:7' }]);
  });

  test('the name of a table is never a template or a pattern', () => {
    const hostile = compileMapping([matching(/^(?<db>.*)\.t$/, [{ key: '{db}:{id}' }])]);
    const plan = hostile.planFor({ db: '{id}*}', table: 't' });
    expect(plan?.targetsOf(insert({ id: 7 }))).toEqual([{ key: '{id}*}:7' }]);
  });
});

describe('compileMapping', () => {
  test('all templates that cannot be read are told at once', () => {
    const compile = () =>
      compileMapping([
        exactly([{ key: 'a:{id' }, { key: 'b:{id|nope}', field: '}' }]),
        matching(/^(?<tenant>\w+)\./, [
          { key: '{tenant}:{x}', with: { tenant: ['a'], x: ['1', '1'] } },
          { key: '{tenant|date(YYYY)}:{l|date(YYYY)}', with: { l: ['2024-01-01', 'soon'] } },
          { key: '{a}{b}{`c`}', with: { a: range(40), b: range(40), c: ['1'], unused: ['1'] }, when: ['a'] },
        ]),
      ]);
    expect(compile).toThrow(expect.objectContaining({ code: 'MAPPING_INVALID', exitCode: 2 }));
    for (const problem of [
      'The mapping has 11 problems',
      'shop.products: keys[0].key: at character 3 of "a:{id"',
      'shop.products: keys[1].key: at character 7 of "b:{id|nope}"',
      'shop.products: keys[1].field: at character 1 of "}"',
      "keys[0].with.tenant: the table's pattern has a capture of this name",
      'keys[0].with.x: a value stands in the list twice',
      'keys[1].key: date works on columns, but {tenant} is none',
      'keys[1].key: date works on text like 2024-05-31, but with.l[1] is none',
      'keys[2].with.a: this is also the name of a column',
      'keys[2].with.c: this is also the name of a column',
      'keys[2].with.unused: neither key nor field uses {unused}',
      'keys[2].with: 1600 combinations; expected at most 1000',
    ]) {
      expect(compile).toThrow(problem);
    }
  });
});

const range = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
