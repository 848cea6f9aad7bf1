import { describe, expect, test, vi } from 'vitest';
import { type PackedBatch, createMessageBatch, unpack } from '../../../src/publish/message-batch.js';
import { createSender } from '../../../src/publish/sender.js';

function batchOf(key: string, bytes = 1): PackedBatch {
  const batch = createMessageBatch(4);
  batch.append(key, 'x'.repeat(bytes));
  return batch.pack();
}

/** Two ways to send, whose acknowledgements the test gives out. */
function setUp() {
  const sends: { way: string; key: string; acknowledge: () => void; refuse: (error: Error) => void }[] = [];
  const wayTo = (way: string) => (batch: PackedBatch) =>
    new Promise<void>((acknowledge, refuse) => {
      sends.push({ way, key: unpack(batch)[0]?.key.toString() ?? '', acknowledge, refuse });
    });
  const send = createSender({ near: wayTo('near'), far: wayTo('far') });
  const seen = (): string[] => sends.map(({ way, key }) => `${way} ${key}`);
  return { send, sends, seen };
}

const LARGE = 50_000;
const settled = (): Promise<void> => new Promise(setImmediate);

describe('sending near and far', () => {
  test('a few messages go near, many go far', async () => {
    const { send, sends, seen } = setUp();
    const small = send(batchOf('a'));
    sends[0]?.acknowledge();
    await small;
    void send(batchOf('b', LARGE));
    await settled();
    expect(seen()).toEqual(['near a', 'far b']);
  });

  test('nothing goes far while something is near', async () => {
    const { send, sends, seen } = setUp();
    void send(batchOf('a'));
    void send(batchOf('b', LARGE));
    void send(batchOf('c'));
    await settled();
    expect(seen()).toEqual(['near a']);
    sends[0]?.acknowledge();
    await vi.waitFor(() => {
      expect(seen()).toEqual(['near a', 'far b', 'far c']);
    });
  });

  test('nothing goes near while something is far', async () => {
    const { send, sends, seen } = setUp();
    const far = send(batchOf('a', LARGE));
    void send(batchOf('b'));
    await settled();
    expect(seen()).toEqual(['far a', 'far b']);
    sends[0]?.acknowledge();
    await far;
    void send(batchOf('c'));
    await settled();
    expect(seen()).toEqual(['far a', 'far b', 'far c']);
  });

  test('what waits for a send that fails is not sent, and fails too', async () => {
    const { send, sends, seen } = setUp();
    const failing = [send(batchOf('a')), send(batchOf('b', LARGE))];
    sends[0]?.refuse(new Error('broker gone'));
    for (const each of failing) await expect(each).rejects.toThrow('broker gone');
    expect(seen()).toEqual(['near a']);
  });
});
