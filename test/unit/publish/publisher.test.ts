import { describe, expect, test, vi } from 'vitest';
import type { OutgoingMessage } from '../../../src/publish/encode.js';
import { countThatFits, createPublisher } from '../../../src/publish/publisher.js';

const message = (text: string, partition = 0, bytes = 10): OutgoingMessage => ({
  key: Buffer.from(text),
  value: Buffer.alloc(bytes),
  partition,
});

/** A Kafka whose acknowledgements the test gives out. */
function controlledKafka() {
  const sends: { keys: string[]; acknowledge: () => void; refuse: (error: Error) => void }[] = [];
  const send = (messages: readonly OutgoingMessage[]): Promise<void> =>
    new Promise((acknowledge, refuse) => {
      sends.push({ keys: messages.map(({ key }) => key.toString()), acknowledge, refuse });
    });
  return { sends, send };
}

function setUp() {
  const kafka = controlledKafka();
  const advanced: number[] = [];
  const failures: unknown[] = [];
  const pressure: boolean[] = [];
  const publisher = createPublisher({
    send: kafka.send,
    advance: ({ offset }) => advanced.push(offset),
    onFailure: (error) => failures.push(error),
    onPressure: (high) => pressure.push(high),
  });
  const commit = (offset: number): void => {
    publisher.commit({ file: 'f', offset, loggedAtMs: 0 });
  };
  return { ...kafka, publisher, commit, advanced, failures, pressure };
}

describe('the publisher', () => {
  test('has one send in flight, and sends what came meanwhile together', async () => {
    const { publisher, sends } = setUp();
    publisher.publish([message('a')]);
    publisher.publish([message('b')]);
    await vi.waitFor(() => {
      expect(sends).toHaveLength(1);
    });
    publisher.publish([message('c')]);
    publisher.publish([message('d')]);
    await Promise.resolve();
    expect(sends.map(({ keys }) => keys)).toEqual([['a', 'b']]);
    sends[0]?.acknowledge();
    await vi.waitFor(() => {
      expect(sends.map(({ keys }) => keys)).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ]);
    });
  });

  test('advances a commit only after Kafka acknowledged its messages', async () => {
    const { publisher, sends, commit, advanced } = setUp();
    publisher.publish([message('a')]);
    commit(1);
    await vi.waitFor(() => {
      expect(sends).toHaveLength(1);
    });
    expect(advanced).toEqual([]);
    sends[0]?.acknowledge();
    await publisher.drained();
    expect(advanced).toEqual([1]);
  });

  test('after a send that failed nothing advances and nothing more is sent', async () => {
    const { publisher, sends, commit, advanced, failures } = setUp();
    publisher.publish([message('a')]);
    commit(1);
    await vi.waitFor(() => {
      expect(sends).toHaveLength(1);
    });
    sends[0]?.refuse(new Error('broker gone'));
    await publisher.drained();
    publisher.publish([message('b')]);
    commit(2);
    await Promise.resolve();
    expect(failures).toHaveLength(1);
    expect(advanced).toEqual([]);
    expect(sends).toHaveLength(1);
  });

  test('asks to stop reading when much waits, and to go on when little does', async () => {
    const { publisher, sends, pressure } = setUp();
    for (let index = 0; index < 20; index++) publisher.publish([message(String(index), index, 1_000_000)]);
    expect(pressure).toEqual([true]);
    let answered = 0;
    while (!publisher.idle()) {
      await vi.waitFor(() => {
        expect(sends.length).toBeGreaterThan(answered);
      });
      sends[answered]?.acknowledge();
      answered += 1;
      await new Promise(setImmediate);
    }
    expect(pressure).toEqual([true, false]);
  });
});

describe('the size of a send', () => {
  test('is bounded in bytes for each partition', () => {
    const batch = [message('a', 0, 500_000), message('b', 1, 500_000), message('c', 0, 500_000)];
    expect(countThatFits(batch)).toBe(2);
  });

  test('is at least one message, however large', () => {
    expect(countThatFits([message('a', 0, 5_000_000), message('b')])).toBe(1);
  });
});
