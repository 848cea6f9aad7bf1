import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createKeyParser, type KeyParser, type KeyTrace } from '../../../src/mapping/key-parser.js';
import { parserOf, planned, schemaOf } from './parsing-support.js';
import { exactly, matching } from './support.js';

const types = {
  id: 'int',
  sku: 'varchar',
  tenant: 'varchar',
  day: 'date',
  price: 'double',
  uuid: 'binary',
};

/** A trace in short: which template, and the values. */
function told(trace: KeyTrace): unknown {
  switch (trace.kind) {
    case 'rows':
      return trace.explanations.map(({ ref, columns, values }) => [
        ref.variant.key.source,
        Object.fromEntries(columns.map((column, index) => [column, values[index]])),
      ]);
    case 'hash':
    case 'outside':
      return { [trace.kind]: trace.refs.map(({ variant }) => variant.key.source) };
    default:
      return trace.kind;
  }
}

const tracing =
  (parser: KeyParser) =>
  (key: string): unknown =>
    told(parser.trace(key));

describe('a key of Redis', () => {
  test('is traced to the values of the columns in it', () => {
    const trace = tracing(parserOf(['product:{id}', 'product:{id}:stock', 'sku:{sku}/{day}'], types));
    expect(trace('product:7')).toEqual([['product:{id}', { id: 7 }]]);
    expect(trace('product:7:stock')).toEqual([['product:{id}:stock', { id: 7 }]]);
    expect(trace('sku:a/b/2024-05-31')).toEqual([['sku:{sku}/{day}', { sku: 'a/b', day: '2024-05-31' }]]);
  });

  test('is explained by each template that could have made it, in each way', () => {
    const trace = tracing(parserOf(['{tenant}:{sku}', 'p:{sku}'], types));
    expect(trace('p:x:y')).toEqual([
      ['p:{sku}', { sku: 'x:y' }],
      ['{tenant}:{sku}', { tenant: 'p', sku: 'x:y' }],
      ['{tenant}:{sku}', { tenant: 'p:x', sku: 'y' }],
    ]);
  });

  test('is outside where there are more than 16 ways', () => {
    const trace = tracing(parserOf(['{tenant}:{sku}'], types));
    expect(trace(':'.repeat(16))).toHaveLength(16);
    expect(trace(':'.repeat(17))).toEqual({ outside: ['{tenant}:{sku}'] });
  });

  test('is outside where its template has no column, or none that can be told', () => {
    const parser = parserOf(['all', 'h:{sku|sha1}', 'm:{id}:{day|date(YYYY-MM)}', 'f:{price}'], types);
    const trace = tracing(parser);
    expect(trace('all')).toEqual({ outside: ['all'] });
    expect(trace(`h:${hash('sha1', 'x')}`)).toEqual({ outside: ['h:{sku|sha1}'] });
    expect(trace('m:7:2024-05')).toEqual({ outside: ['m:{id}:{day|date(YYYY-MM)}'] });
    expect(trace('f:1.5')).toEqual({ outside: ['f:{price}'] });
    expect(parser.outside.map(({ ref, why }) => [ref.template.mapping.key, why])).toEqual([
      ['all', 'no column in its key'],
      ['h:{sku|sha1}', 'sha1 cannot be turned back'],
      ['m:{id}:{day|date(YYYY-MM)}', 'date(YYYY-MM) cannot be turned back'],
      ['f:{price}', 'column price is DOUBLE, which has no one text'],
    ]);
  });

  test('is not swallowed by a template that could not have made it, told or not', () => {
    const trace = tracing(parserOf(['all', 'h:{sku|sha1}', 'm:{day|date(YYYY-MM)}', 'l:{sku|lower}'], types));
    for (const key of ['all:7', 'h:7', 'm:2024', 'l:A'])
      expect([key, trace(key)]).toEqual([key, 'unexplained']);
  });

  test('is outside if any template that cannot tell its rows could have made it', () => {
    const trace = tracing(parserOf(['p:{id}', 'p:{sku|lower}'], types));
    expect(trace('p:7')).toEqual({ outside: ['p:{sku|lower}'] });
  });

  test('is traced where a column that is hashed is told beside', () => {
    const parser = parserOf(['{sku|md5}:{sku}'], types);
    expect(told(parser.trace(`${hash('md5', 'a:b')}:a:b`))).toEqual([['{sku|md5}:{sku}', { sku: 'a:b' }]]);
    expect(parser.trace(`${hash('md5', 'a:c')}:a:b`).kind).toBe('foreign');
    expect(parser.outside).toEqual([]);
  });

  test('holds binary values as base64, and percent-encoded text as filters write it', () => {
    const trace = tracing(parserOf(['u:{uuid}', 'q:{sku|url}'], types));
    expect(trace('u:AAH/')).toEqual([['u:{uuid}', { uuid: Buffer.from([0, 1, 255]) }]]);
    expect(trace('u:AAH')).toBe('unexplained');
    expect(trace('q:a%20b')).toEqual([['q:{sku|url}', { sku: 'a b' }]]);
    expect(trace('q:a b')).toBe('unexplained');
  });

  test('is unexplained if only a literal start fits, else foreign; the prefix alone makes nothing ours', () => {
    const trace = tracing(parserOf(['product:{id}', '{id}:stock'], types, 'app:'));
    expect(trace('app:product:7')).toEqual([['product:{id}', { id: 7 }]]);
    expect(trace('app:7:stock')).toEqual([['{id}:stock', { id: 7 }]]);
    expect(trace('app:product:x')).toBe('unexplained');
    expect(trace('app:session:x')).toBe('foreign');
    expect(trace('product:7')).toBe('foreign');
    expect(trace('')).toBe('foreign');
  });

  test('is foreign where there are no templates', () => {
    expect(createKeyParser([]).trace('x')).toEqual({ kind: 'foreign' });
  });

  test('is traced to the variant that has its literals', () => {
    const locales = Array.from({ length: 1000 }, (_, index) => `l${index}`);
    const parser = parserOf([{ key: 'page:{sku}:{locale}', with: { locale: locales } }], types);
    const trace = parser.trace('page:a:b:l77');
    expect(trace).toMatchObject({ explanations: [{ columns: ['sku'], values: ['a:b'] }] });
    expect(trace.kind === 'rows' && trace.explanations[0]?.ref.variant.key.slots[0]?.after).toBe(':l77');
    expect(parser.trace('page:a:xx').kind).toBe('unexplained');
  });

  test('of sharded tables is traced to each table that could have made it', () => {
    const shard = (tenant: string) => ({ db: `shop_${tenant}`, table: 'products' });
    const schemas = [
      schemaOf(types, shard('a')),
      schemaOf(types, shard('b')),
      schemaOf({ ...types, id: 'varchar' }, shard('c')),
    ];
    const keys = [{ key: 'p:{id}' }, { key: '{tenantName}:{id}' }];
    const mappings = [matching(/^shop_(?<tenantName>\w+)\.products$/, keys)];
    const parser = createKeyParser(planned(mappings, schemas));
    const found = (key: string): unknown => {
      const trace = parser.trace(key);
      return (
        trace.kind === 'rows' && trace.explanations.map(({ ref, values }) => [ref.schema.table.db, ...values])
      );
    };
    expect(found('p:7')).toEqual([
      ['shop_a', 7],
      ['shop_b', 7],
      ['shop_c', '7'],
    ]);
    expect(found('b:7')).toEqual([['shop_b', 7]]);
    expect(found('p:x')).toEqual([['shop_c', 'x']]);
  });

  test('may hold a column that the schema lacks: it is outside then', () => {
    const parser = createKeyParser(planned([exactly([{ key: 'p:{gone}' }])], [schemaOf(types)]));
    expect(parser.trace('p:7').kind).toBe('outside');
    expect(parser.outside[0]?.why).toBe('there is no column gone');
  });
});

describe('a hash whose fields belong to rows', () => {
  test('is traced field by field, to the columns of key and field', () => {
    const parser = parserOf([{ key: 'prices:{tenant}', field: '{sku}/{id}' }], types);
    expect(told(parser.trace('prices:t'))).toEqual({ hash: ['prices:{tenant}'] });
    expect(parser.traceField('prices:t', 'a/b/7')).toMatchObject([
      { columns: ['tenant', 'sku', 'id'], values: ['t', 'a/b', 7] },
    ]);
    expect(parser.traceField('prices:t', 'a/b')).toEqual([]);
    expect(parser.traceField('other', 'a/7')).toEqual([]);
  });

  test('may have a key without columns, or with one that only the field tells', () => {
    const parser = parserOf(
      [
        { key: 'all', field: '{id}' },
        { key: 'of:{tenant|lower}', field: '{tenant}:{id}' },
      ],
      types,
    );
    expect(parser.outside).toEqual([]);
    expect(parser.trace('all').kind).toBe('hash');
    expect(parser.traceField('all', '7')).toMatchObject([{ columns: ['id'], values: [7] }]);
    expect(parser.trace('of:acme').kind).toBe('hash');
    expect(parser.traceField('of:acme', 'ACME:7')).toMatchObject([{ values: ['ACME', 7] }]);
    expect(parser.traceField('of:acme', 'other:7')).toEqual([]);
  });

  test('is outside where its fields cannot be told, or it may be a key of its own as well', () => {
    const parser = parserOf(
      [
        { key: 'h:{id}', field: '{sku|sha1}' },
        { key: 'p:{id}', field: '{sku}' },
        { key: 'p:{sku}', value: { kind: 'hash', columns: { name: 'sku' } } },
      ],
      types,
    );
    expect(told(parser.trace('h:7'))).toEqual({ outside: ['h:{id}'] });
    expect(parser.traceField('h:7', hash('sha1', 'x'))).toEqual([]);
    expect(told(parser.trace('p:7'))).toEqual({ outside: ['p:{sku}', 'p:{id}'] });
    expect(told(parser.trace('p:x'))).toEqual([['p:{sku}', { sku: 'x' }]]);
  });

  test('has no explanation for a field with more than 16 ways', () => {
    const parser = parserOf([{ key: 'all', field: '{tenant}:{sku}' }], types);
    expect(parser.traceField('all', ':'.repeat(16))).toHaveLength(16);
    expect(parser.traceField('all', ':'.repeat(17))).toEqual([]);
  });

  test('has at most 16 ways of key and field together', () => {
    const parser = parserOf([{ key: '{tenant}:{sku}', field: '{day}{uuid}:{id}' }, 'x'], types);
    expect(parser.trace('::').kind).toBe('hash');
    const twice = parserOf([{ key: '{tenant}:{sku}', field: '{a}:{b}' }], { ...types, a: 'text', b: 'text' });
    expect(twice.traceField(':'.repeat(4), ':'.repeat(4))).toHaveLength(16);
    expect(twice.traceField(':'.repeat(4), ':'.repeat(5))).toEqual([]);
  });
});

describe('any key, however hostile', () => {
  test.each(['{tenant}:{sku}:{id}:{day}', 'p:{id}{tenant}{sku}{uuid}', '{sku|url}:{tenant|lower}:{sku}'])(
    'of 100 KB takes no longer than it must with %s',
    (template) => {
      const parser = parserOf([template, { key: template, field: template }], types);
      const startedAtMs = performance.now();
      for (const unit of [':', 'p:', '%3A:', '7:', 'A', 'p:1'])
        for (const key of [
          unit.repeat(100_000 / unit.length),
          `p:${unit.repeat(100_000 / unit.length)}7:2024-05-31`,
        ]) {
          parser.trace(key);
          parser.traceField(key, key);
        }
      expect(performance.now() - startedAtMs).toBeLessThan(5000); // without a bound it takes hours
    },
  );
});
