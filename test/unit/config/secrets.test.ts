import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactUrl } from '../../../src/config/url.js';
import { problemsIn, problemsWith } from './support.js';

const secret = 'hunter2-hunter2';

describe('no problem shows a secret', () => {
  test.each([
    ['a URL of another scheme', { mysql: `{ url: "http://u:${secret}@h", serverId: 1 }` }],
    ['a URL with a raw # in the password', { mysql: `{ url: "mysql://u:a#${secret}@h", serverId: 1 }` }],
    ['a URL with a raw / in the password', { mysql: `{ url: "mysql://u:a/${secret}@h", serverId: 1 }` }],
    ['a URL with a bad escape', { queue: `{ url: "redis://u:%zz${secret}@h" }` }],
    ['no URL', { redis: `{ url: "u:${secret}@h" }` }],
    ['a URL in the place of a broker', { kafka: `{ brokers: ["kafka://u:${secret}@h:9092"] }` }],
    ['a URL in the place of a node', { redis: `{ cluster: ["redis://:${secret}@h:6379"] }` }],
    ['a section that is a URL', { queue: `"redis://:${secret}@h"` }],
    ['a password that is a list', { redis: `{ cluster: ["a:1"], password: [${secret}] }` }],
    [
      'a login without a mechanism',
      { kafka: `{ brokers: ["a:1"], sasl: { username: u, password: ${secret} } }` },
    ],
    ['a webhook of another scheme', { alerts: `{ webhook: "ftp://h/${secret}" }` }],
    [
      'the same Redis twice',
      { redis: `{ url: "redis://:${secret}@h" }`, queue: `{ url: "redis://:${secret}@h/1" }` },
    ],
    ['a syntax error', { alerts: `{ webhook: "x" "${secret}" }` }],
    ['a text behind a bracket', { alerts: `{ webhook: x }} ${secret}` }],
    ['a text that begins with a star', { ops: `{ token: *${secret} }` }],
    ['a text that begins with an exclamation mark', { ops: `{ token: !${secret} }` }],
    ['a text that begins with a bar', { ops: `\n  token: |${secret}` }],
    ['a syntax error without quotes', { alerts: `{ webhook: [ ${secret} }` }],
  ] as [string, Record<string, string>][])('%s', (_, fields) => {
    const problems = problemsWith(fields);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain(secret);
  });

  test('what came from the environment is told by its reference, in any field', () => {
    const env = { SECRET: secret };
    const scalar = '"${SECRET} {"';
    const text = `
name: ${scalar}
mysql: { url: ${scalar}, serverId: ${scalar} }
kafka: { brokers: [${scalar}], topic: ${scalar}, columns: ${scalar}, ssl: ${scalar} }
redis: { cluster: [${scalar}] }
queue: { url: ${scalar}, shared: ${scalar} }
tables: { a.b: { keys: [${scalar}, { key: "{id|\${SECRET}}", field: &f ${scalar} }, { key: a, field: *f }] } }
retry: { attempts: ${scalar}, backoff: ${scalar}, jitter: ${scalar} }
settle: { after: ${scalar} }
alerts: { webhook: ${scalar} }
ops: { listen: ${scalar} }
log: ${scalar}
`;
    const problems = problemsIn(text, { env });
    expect(problems).toHaveLength(21);
    expect(problems.join('\n')).toContain('${SECRET}');
    expect(problems.join('\n')).not.toContain(secret);
  });
});

describe('redactUrl', () => {
  test.each([
    ['mysql://cdc:pw@127.0.0.1:3306', 'mysql://cdc:***@127.0.0.1:3306'],
    ['redis://:pw@h:6379/0', 'redis://:***@h:6379/0'],
    ['redis://h:6379/0', 'redis://h:6379/0'],
    ['https://h/path?token=abc&x=1#frag', 'https://h/path?token=***&x=***'],
    ['mysql://u:a#b@h:3306', '***@h:3306'],
    ['mysql://u:1/b@h:3306', '***@h:3306'],
    ['nonsense', '(not a URL)'],
  ])('%s is shown as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });

  test('never shows the password, encoded or not', () => {
    const password = fc
      .string({ unit: 'grapheme-ascii', minLength: 6, maxLength: 20 })
      .filter((text) => !'mysql://u:***@host:3306'.includes(text));
    fc.assert(
      fc.property(password, (text) => {
        expect(redactUrl(`mysql://u:${encodeURIComponent(text)}@host:3306`)).toBe('mysql://u:***@host:3306');
        const raw = redactUrl(`mysql://u:${text}@host:3306`);
        expect(raw).not.toContain(text);
      }),
    );
  });
});
