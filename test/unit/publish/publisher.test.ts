import { describe, expect, test, vi } from 'vitest';
import { unpack } from '../../../src/publish/message-batch.js';
import { createPublisher } from '../../../src/publish/publisher.js';

interface Send {
  readonly keys: string[];
  readonly acknowledge: () => void;
  readonly refuse: (error: Error) => void;
}

/** A publisher in front of a Kafka whose acknowledgements the test gives out. */
function setUp() {
  const sends: Send[] = [];
  const advanced: number[] = [];
  const failures: unknown[] = [];
  const pressure: boolean[] = [];
  const publisher = createPublisher({
    partitions: 4,
    send: (batch) =>
      new Promise((acknowledge, refuse) => {
        sends.push({ keys: unpack(batch).map(({ key }) => key.toString()), acknowledge, refuse });
      }),
    advance: ({ offset }) => advanced.push(offset),
    onFailure: (error) => failures.push(error),
    onPressure: (high) => pressure.push(high),
  });
  const commit = (offset: number): void => {
    publisher.commit({ file: 'f', offset, loggedAtMs: 0 });
  };
  const untilSent = (count: number): Promise<void> =>
    vi.waitFor(() => {
      expect(sends).toHaveLength(count);
    });
  return { sends, untilSent, publisher, commit, advanced, failures, pressure };
}

/** Acknowledges sends one after another until there are none. */
async function answerAll(sends: readonly Send[], publisher: { idle(): boolean }): Promise<void> {
  for (let answered = 0; !publisher.idle(); answered++) {
    sends[answered]?.acknowledge();
    await new Promise(setImmediate);
  }
}

describe('the publisher', () => {
  test('sends what comes during a send together in the next', async () => {
    const { publisher, sends, untilSent } = setUp();
    publisher.append('a', '1');
    publisher.append('b', '1');
    await untilSent(1);
    publisher.append('c', '1');
    publisher.append('d', '1');
    await new Promise(setImmediate);
    expect(sends.map(({ keys }) => keys)).toEqual([['a', 'b']]);
    sends[0]?.acknowledge();
    await untilSent(2);
    expect(sends[1]?.keys).toEqual(['c', 'd']);
  });

  test('hands full batches over ahead, so that the sender need not wait, but not without bound', async () => {
    const { publisher, sends } = setUp();
    for (let index = 0; index < 12; index++) publisher.append('same partition', 'x'.repeat(800_000));
    await new Promise(setImmediate);
    expect(sends).toHaveLength(4);
    await answerAll(sends, publisher);
    expect(sends).toHaveLength(12);
  });

  test('advances a commit only after Kafka acknowledged its messages', async () => {
    const { publisher, sends, untilSent, commit, advanced } = setUp();
    publisher.append('a', '1');
    commit(1);
    await untilSent(1);
    expect(advanced).toEqual([]);
    sends[0]?.acknowledge();
    await publisher.drained();
    expect(advanced).toEqual([1]);
  });

  test('after a send that failed nothing advances and nothing more is sent', async () => {
    const { publisher, sends, untilSent, commit, advanced, failures } = setUp();
    publisher.append('a', '1');
    commit(1);
    await untilSent(1);
    sends[0]?.refuse(new Error('broker gone'));
    await publisher.drained();
    publisher.append('b', '1');
    commit(2);
    await new Promise(setImmediate);
    expect(failures).toHaveLength(1);
    expect(advanced).toEqual([]);
    expect(sends).toHaveLength(1);
  });

  test('when closed sends no more, but waits for what is in flight', async () => {
    const { publisher, sends, untilSent } = setUp();
    publisher.append('a', '1');
    await untilSent(1);
    publisher.append('b', '1');
    let closed = false;
    const closing = publisher.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    sends[0]?.acknowledge();
    await closing;
    expect(sends).toHaveLength(1);
  });

  test('asks to stop reading when much waits, and to go on when little does', async () => {
    const { publisher, sends, pressure } = setUp();
    const large = 'x'.repeat(800_000);
    for (let index = 0; index < 20; index++) publisher.append(String(index), large);
    expect(pressure).toEqual([true]);
    await new Promise(setImmediate);
    await answerAll(sends, publisher);
    expect(pressure).toEqual([true, false]);
  });
});
