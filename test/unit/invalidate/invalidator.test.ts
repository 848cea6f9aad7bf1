import { describe, expect, test } from 'vitest';
import type { IncomingMessage } from '../../../src/domain/batch.js';
import type { CacheKey, Target } from '../../../src/domain/cache-key.js';
import type { FailedTarget } from '../../../src/domain/failed-target.js';
import { UnstaleError } from '../../../src/errors.js';
import type { DeletionResult } from '../../../src/invalidate/deletion.js';
import { createInvalidator } from '../../../src/invalidate/invalidator.js';
import { planBatch } from '../../../src/invalidate/plan.js';

const target = (key: string): Target => ({ key: key as CacheKey });
const messageOf = (offset: number, value: unknown): IncomingMessage => ({
  offset: String(offset),
  key: null,
  value: typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value)),
  timestamp: '0',
});
const insert = (offset: number, id: number | string): IncomingMessage =>
  messageOf(offset, { op: 'c', before: null, after: { id }, source: { db: 'shop', table: 'products' } });

interface World {
  deletion?: (targets: readonly Target[]) => Promise<DeletionResult>;
  queueRetry?: (failed: readonly FailedTarget[]) => Promise<void>;
  park?: () => Promise<void>;
}

function setUp({ deletion, queueRetry, park }: World = {}) {
  const events: string[] = [];
  const handle = createInvalidator({
    addTargets(change, targets) {
      if (change.operation === 'delete') return;
      targets.push(target(`product:${JSON.stringify(change.after.id)}`));
      if (change.after.id === 'lacking') throw new UnstaleError('MESSAGE_UNREADABLE', 'it lacks a column');
    },
    deleteTargets:
      deletion ??
      ((targets) => {
        events.push(`delete ${targets.map(({ key }) => key).join(' ')}`);
        return Promise.resolve({ removed: targets.length, failed: [] });
      }),
    queueRetry:
      queueRetry ??
      ((failed) => {
        events.push(`queue ${failed.map((each) => each.target.key).join(' ')}`);
        return Promise.resolve();
      }),
    parkUnreadable: (messages) => {
      events.push(`park ${messages.map(({ message }) => message.offset).join(' ')}`);
      return park?.() ?? Promise.resolve();
    },
    observe: { batch: () => undefined, stuck: ({ code }) => events.push(`stuck ${code}`) },
  });
  return { handle: (messages: IncomingMessage[]) => handle({ partition: 0, messages }), events };
}

const failAll = (targets: readonly Target[]): Promise<DeletionResult> =>
  Promise.resolve({ removed: 0, failed: targets.map((each) => ({ target: each, error: 'LOADING' })) });
const unreachable = (): Promise<never> =>
  Promise.reject(new UnstaleError('QUEUE_UNREACHABLE', 'the queue is gone'));

describe('a batch of messages', () => {
  test('has each of its keys deleted once', async () => {
    const { handle, events } = setUp();
    expect(await handle([insert(0, 1), insert(1, 2), insert(2, 1)])).toEqual({ handled: 3, retryInMs: 0 });
    expect(events).toEqual(['delete product:1 product:2']);
  });

  test('counts as handled when its failed keys lie in the retry queue', async () => {
    const { handle, events } = setUp({ deletion: failAll });
    expect(await handle([insert(0, 1)])).toEqual({ handled: 1, retryInMs: 0 });
    expect(events).toEqual(['queue product:1']);
  });

  test('is not handled while its failed keys are in no queue, and comes again', async () => {
    const { handle, events } = setUp({ deletion: failAll, queueRetry: unreachable });
    const outcome = await handle([insert(0, 1)]);
    expect(outcome.handled).toBe(0);
    expect(outcome.retryInMs).toBeGreaterThan(0);
    expect(events).toEqual(['stuck QUEUE_UNREACHABLE']);
  });

  test('is not handled while an unreadable message of it is not in the dead letters', async () => {
    const park = (): Promise<never> => Promise.reject(new UnstaleError('KAFKA_UNREACHABLE', 'gone'));
    const { handle } = setUp({ park });
    expect((await handle([insert(0, 1), messageOf(1, 'not json')])).handled).toBe(0);
  });

  test('goes on behind messages that nobody can read, once they are parked', async () => {
    const { handle, events } = setUp();
    const hostile = ['not json', '', '[]', '{"op":"x"}', '{"op":"c","source":{"db":1,"table":"t"}}', 'null'];
    const messages = [...hostile.map((text, offset) => messageOf(offset, text)), insert(6, 7)];
    expect((await handle(messages)).handled).toBe(7);
    expect(events).toEqual(['delete product:7', 'park 0 1 2 3 4 5']);
  });

  test('ends with a bug of ours as an error, not as a retry', async () => {
    const { handle } = setUp({ deletion: () => Promise.reject(new TypeError('undefined is no function')) });
    await expect(handle([insert(0, 1)])).rejects.toThrow('undefined is no function');
  });
});

describe('a message that lacks a column for one of its keys', () => {
  test('has its other keys deleted, and is parked', async () => {
    const { handle, events } = setUp();
    await handle([insert(0, 'lacking')]);
    expect(events).toEqual(['delete product:"lacking"', 'park 0']);
  });

  test('is told apart from one that no mapping could read', () => {
    const lacking = new UnstaleError('MESSAGE_UNREADABLE', 'it lacks a column');
    const { unreadable } = planBatch([insert(0, 1), messageOf(1, 'not json')], () => {
      throw lacking;
    });
    expect(unreadable.map(({ lost }) => lost)).toEqual(['keys', 'message']);
  });
});

describe('the plan of a batch', () => {
  test('keeps a key and a field of the same text apart', () => {
    const both = [target('k'), { ...target('k'), field: 'f' }, { ...target('k'), field: 'f' }, target('kf')];
    expect(planBatch([insert(0, 1)], (_, targets) => targets.push(...both)).targets).toHaveLength(3);
  });
});
