import { describe, expect, test } from 'vitest';
import { UnstaleError } from '../../../src/errors.js';
import { type Logger, createLogger, describeError, hidePasswords } from '../../../src/ops/logger.js';

function logged(write: (log: Logger) => void, pretty = false): string {
  let text = '';
  const destination = { write: (line: string) => void (text += line) };
  write(createLogger({ level: 'info', pretty, destination }));
  return text;
}

describe('The log', () => {
  test('is one line of JSON with a level in words', () => {
    const line = logged((log) => {
      log.child({ stage: 'tail' }).info({ rows: 3 }, 'hello');
    });
    expect(JSON.parse(line)).toMatchObject({ level: 'info', stage: 'tail', rows: 3, msg: 'hello' });
  });

  test('shows no secret, wherever it stands', () => {
    const text = logged((log) => {
      log.info(
        { password: 's3cret', ops: { token: 's3cret' }, a: { b: { authorization: 's3cret' } } },
        'fields',
      );
      log.child({ webhook: 'https://chat/s3cret' }).info('child');
      log.info({ url: 'redis://user:s3cret@cache:6379/0', list: ['mysql://cdc:s3c"s3cret@db:3306'] }, 'urls');
      const inner = new Error('connect to redis://:s3cret@cache failed');
      log.error(
        { err: new Error('mysql://cdc:p@s3cret@db:3306/x', { cause: inner }) },
        'redis://:s3cret@cache',
      );
    });
    expect(text).not.toContain('s3cret');
    expect(text).toContain('redis://user:***@cache:6379/0');
    expect(text).toContain('mysql://cdc:***@db:3306/x');
  });

  test('for people hides the same', () => {
    const text = logged((log) => {
      log.info({ url: 'redis://user:s3cret@cache:6379/0' }, 'connected');
    }, true);
    expect(text).not.toContain('s3cret');
    expect(text).not.toMatch(/^\{/);
  });

  test.each(['redis://127.0.0.1:6379/0', 'http://h:9400/metrics', 'a@b.example, at 12:30', 'no URL'])(
    'leaves %s as it is',
    (text) => {
      expect(hidePasswords(text)).toBe(text);
    },
  );
});

describe('An error in the log', () => {
  test('shows its code, its fate and the chain of causes, without a stack', () => {
    const cause = new Error('EPIPE', { cause: new Error('socket closed') });
    expect(describeError(new UnstaleError('QUEUE_FULL', 'full', { cause }))).toEqual({
      code: 'QUEUE_FULL',
      fate: 'retry',
      message: 'full',
      causes: ['EPIPE', 'socket closed'],
    });
  });

  test('that has no name shows its stack, since it is a bug', () => {
    expect(describeError(new TypeError('x is undefined')).stack).toContain('logger.test.ts');
    expect(describeError('just text')).toEqual({ message: 'just text' });
  });

  test('of the network shows its code and no stack', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(describeError(error)).toEqual({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' });
  });

  test('that is its own cause does not hang the log', () => {
    const error = new Error('round');
    error.cause = error;
    expect(describeError(error).causes).toHaveLength(5);
  });
});
