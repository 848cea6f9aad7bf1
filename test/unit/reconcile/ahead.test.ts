import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AheadOptions, workAhead } from '../../../src/reconcile/ahead.js';

type Options = AheadOptions<number, number, string>;

/** Pieces are the numbers from 1 on; each takes some turns to read and to work on. */
function options(last: number, turns: (piece: number) => number, changed: Partial<Options> = {}): Options {
  return {
    first: 1,
    read: async (piece) => {
      await wait(turns(piece + 7));
      return piece;
    },
    nextOf: (piece) => (piece === last ? undefined : piece + 1),
    work: async (piece) => {
      await wait(turns(piece));
      return `done ${piece}`;
    },
    piecesAtATime: 2,
    ...changed,
  };
}

async function wait(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
}

const numbers = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);
const noTurns = (): number => 0;

test('results come in the order of the pieces, each once, however long each takes', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.nat({ max: 4 }), { minLength: 1 }),
    async (last, piecesAtATime, turns) => {
      const turnsOf = (piece: number): number => turns[piece % turns.length] ?? 0;
      const results: string[] = [];
      for await (const result of workAhead(options(last, turnsOf, { piecesAtATime }))) results.push(result);
      expect(results).toEqual(numbers(last).map((piece) => `done ${piece}`));
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

test('as many pieces are worked on at once as was said, and one more is read', async () => {
  const reads: number[] = [];
  const begun: number[] = [];
  const never = new Promise<never>(() => undefined);
  const results = workAhead(
    options(9, noTurns, {
      read: (piece) => {
        reads.push(piece);
        return Promise.resolve(piece);
      },
      work: (piece) => {
        begun.push(piece);
        return never;
      },
    }),
  );
  void results.next();
  await wait(20);
  expect(begun).toEqual([1, 2]);
  expect(reads).toEqual([1, 2, 3]);
});

test('what was read before a failure is handed over first, and nothing behind it', async () => {
  const seen: string[] = [];
  const failing = async (read: Partial<Options>): Promise<void> => {
    seen.length = 0;
    for await (const result of workAhead(options(9, noTurns, read))) seen.push(result);
  };
  const refuse = (piece: number): Promise<number> =>
    piece === 4 ? Promise.reject(new Error('gone')) : Promise.resolve(piece);
  await expect(failing({ read: refuse })).rejects.toThrow('gone');
  expect(seen).toEqual(['done 1', 'done 2', 'done 3']);
  await expect(failing({ work: (piece) => refuse(piece).then(String) })).rejects.toThrow('gone');
  expect(seen).toEqual(['1', '2', '3']);
});

test('a caller that leaves early leaves no unhandled failure behind', async () => {
  const fail = async (piece: number): Promise<number> => {
    await wait(3);
    if (piece > 1) throw new Error('nobody waits for this');
    return piece;
  };
  for await (const result of workAhead(options(9, noTurns, { work: (piece) => fail(piece).then(String) }))) {
    expect(result).toBe('1');
    break;
  }
  await wait(10); // an unhandled rejection fails the whole run
});
