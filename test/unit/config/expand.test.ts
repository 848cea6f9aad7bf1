import { describe, expect, test } from 'vitest';
import { expand } from '../../../src/config/expand.js';
import { parseWith, problemsWith } from './support.js';

const sources = {
  env: { A: 'a', EMPTY: '', NESTED: '${A}' },
  readSecret: (path: string): string => {
    if (path === '/run/secret') return 's3cret\n';
    throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
  },
};

describe('expand', () => {
  test.each([
    ['x${A}y${A}', 'xaya'],
    ['${EMPTY}', ''],
    ['${EMPTY:-d}', 'd'],
    ['${NONE:-d:-e}', 'd:-e'],
    ['${NONE:-}', ''],
    ['${A:-d}', 'a'],
    ['${file:/run/secret}', 's3cret'],
    ['${NESTED}', '${A}'],
    ['$${A} $$ $A {id}', '${A} $$ $A {id}'],
  ])('%s is %j', (text, expected) => {
    expect(expand(text, sources)).toMatchObject({ text: expected, problems: [] });
  });

  test.each([
    ['${NONE}', 'the environment variable NONE is not set; set it, or write ${NONE:-default}'],
    ['${toString}', 'the environment variable toString is not set'],
    ['${A', 'this ${ is never closed; expected ${NAME}'],
    ['${A-b}', '${A-b} is none of our references; expected ${NAME}, ${NAME:-default} or ${file:PATH}'],
    ['${file:/none}', 'the file /none cannot be read (ENOENT); mount it, or correct the path'],
  ])('%s is a problem', (text, problem) => {
    expect(expand(text, sources).problems).toEqual([expect.stringContaining(problem)]);
  });
});

describe('expansion in a configuration', () => {
  test('a number and a boolean may come from the environment', () => {
    const env = { ID: '42', SHARED: 'true', JITTER: '0.25' };
    const config = parseWith(
      {
        mysql: '\n  url: mysql://h\n  serverId: ${ID}',
        queue: '{ url: redis://h, shared: "${SHARED}" }',
        retry: '{ jitter: "${JITTER}" }',
      },
      { env },
    );
    expect(config).toMatchObject({
      mysql: { serverId: 42 },
      queue: { shared: true },
      retry: { jitter: 0.25 },
    });
  });

  test('text that looks like a number or like YAML stays text', () => {
    const token = '12345';
    expect(parseWith({ ops: '\n  token: ${T}' }, { env: { T: token } }).ops.token).toBe(token);
    const evil = '"\nname: evil\nqueue: {';
    expect(parseWith({ ops: '\n  token: ${T}' }, { env: { T: evil } })).toMatchObject({
      name: 'shop',
      ops: { token: evil },
    });
  });

  test('keys are not expanded, and templates keep their braces', () => {
    const tables = '{ "/^${A}$/": { keys: ["$${x}{{a}}:{id}"] } }';
    expect(parseWith({ tables: tables.replace('$${x}', '') }).tables[0]).toMatchObject({
      name: '/^${A}$/',
      keys: [{ key: '{{a}}:{id}' }],
    });
  });

  test('a reference that fails is one problem, not two', () => {
    expect(problemsWith({ mysql: '\n  url: mysql://h\n  serverId: ${NONE}' })).toEqual([
      'unstale.yaml:4:13 the environment variable NONE is not set; set it, or write ${NONE:-default}',
    ]);
  });
});
