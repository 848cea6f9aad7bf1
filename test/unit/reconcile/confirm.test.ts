import { describe, expect, test, vi } from 'vitest';
import type { DbRow } from '../../../src/domain/db-row.js';
import { UnstaleError } from '../../../src/errors.js';
import { type ConfirmOptions, type PipelineView, confirm } from '../../../src/reconcile/confirm.js';
import { suspectId } from '../../../src/reconcile/suspect.js';
import { type Step, createRowWorld, looksInto } from './row-world.js';
import { checkOf, held, signal, stockKey, suspectAt } from './support.js';

const check = checkOf(stockKey);
const suspect = suspectAt(check, 'p:1', [1]);
const other = suspectAt(check, 'p:2', [2]);
const none: ReadonlySet<string> = new Set();
const calm: PipelineView = {
  topicEnds: () => Promise.resolve(new Map()),
  untilApplied: () => Promise.resolve(),
  untilPublished: () => Promise.resolve(),
  changedBetween: () => Promise.resolve(none),
  retryPending: () => Promise.resolve(none),
};

/** The cache holds these texts, one at each look (the last one stays); the stock of every row is 3. */
function seeing(
  texts: readonly string[],
  pipeline: Partial<PipelineView> = {},
): ConfirmOptions & { readonly looks: () => number } {
  let looks = 0;
  return {
    looks: () => looks,
    cache: {
      snapshot(probes) {
        const text = texts[Math.min(looks, texts.length - 1)] ?? '';
        looks += 1;
        return Promise.resolve(probes.map(() => (text === '' ? { kind: 'absent' } : held(text))));
      },
    },
    tables: {
      lookup: ({ columns, values }) =>
        Promise.resolve(values.map(([id]): DbRow => columns.map((name) => (name === 'id' ? (id ?? 0) : 3)))),
    },
    pipeline: { ...calm, ...pipeline },
    confirmAfterMs: 0,
  };
}
const behind = () => Promise.reject(new UnstaleError('PIPELINE_BEHIND', 'the group g is 7 behind'));

describe('confirming', () => {
  test('a value that stays wrong while its row stays as it is has drifted', async () => {
    const topicEnds = new Map([[0, 7n]]);
    const options = seeing(['5'], { topicEnds: () => Promise.resolve(topicEnds) });
    expect(await confirm([suspect], options, signal)).toEqual({
      drift: [
        {
          suspect,
          difference: { kind: 'stale', differs: 'column stock', row: [1, 3] },
          held: held('5'),
          topicEnds,
        },
      ],
      undecided: [],
    });
  });

  test.each([
    ['before the first look', ['3'], 1],
    ['while the pipeline catches up', ['5', '3', '3'], 3],
    ['by being deleted', ['5', '', ''], 3],
  ])('what clears by itself %s is nothing', async (_when, texts, looks) => {
    const options = seeing(texts);
    expect(await confirm([suspect], options, signal)).toEqual({ drift: [], undecided: [] });
    expect(options.looks()).toBe(looks);
  });

  test.each([
    ['between the two looks at the row', ['5', '6', '6', '6']],
    ['behind the last look at the row', ['5', '5', '6', '6']],
  ])('a value that was replaced by another wrong one %s is looked at anew', async (_when, texts) => {
    const { drift } = await confirm([suspect], seeing(texts), signal);
    expect(drift.map((each) => each.held)).toEqual([held('6')]);
  });

  test('what keeps changing is undecided after three rounds', async () => {
    const options = seeing(['1', '2', '1', '2', '1', '2', '1', '2', '1', '2', '1', '2']);
    expect(await confirm([suspect], options, signal)).toEqual({
      drift: [],
      undecided: [{ suspect, why: expect.stringContaining('kept changing') as string }],
    });
    expect(options.looks()).toBe(9);
  });

  test('a change of the row in the meantime means another round, for this row alone', async () => {
    const changedBetween = vi
      .fn()
      .mockResolvedValueOnce(new Set([suspectId(suspect)]))
      .mockResolvedValue(none);
    const { drift } = await confirm([suspect, other], seeing(['5'], { changedBetween }), signal);
    expect(drift.map((each) => each.suspect)).toEqual([other, suspect]);
    expect(changedBetween).toHaveBeenLastCalledWith(expect.anything(), expect.anything(), [suspect]);
  });

  test('changes are searched from before the first look to behind the last', async () => {
    const ends = [new Map([[0, 1n]]), new Map([[0, 2n]])];
    const changedBetween = vi.fn().mockResolvedValue(none);
    const topicEnds = vi.fn().mockImplementation(() => Promise.resolve(ends.shift()));
    await confirm([suspect], seeing(['5'], { changedBetween, topicEnds }), signal);
    expect(changedBetween).toHaveBeenCalledWith(new Map([[0, 1n]]), new Map([[0, 2n]]), [suspect]);
  });

  test('a key that waits for a retry means another round', async () => {
    const retryPending = vi
      .fn()
      .mockResolvedValueOnce(new Set([suspectId(suspect)]))
      .mockResolvedValue(none);
    const { drift } = await confirm([suspect], seeing(['5'], { retryPending }), signal);
    expect(drift).toHaveLength(1);
    expect(retryPending).toHaveBeenCalledTimes(2);
  });

  test.each(['untilApplied', 'untilPublished'] as const)(
    'a pipeline that is behind (%s) leaves undecided what is still wrong, and says why',
    async (step) => {
      const options = seeing(['5'], { [step]: behind });
      expect(await confirm([suspect], options, signal)).toEqual({
        drift: [],
        undecided: [{ suspect, why: 'the group g is 7 behind' }],
      });
    },
  );

  test('a pipeline that is behind leaves nothing undecided that was right at the first look', async () => {
    const options = seeing(['3'], { untilApplied: behind });
    expect(await confirm([suspect], options, signal)).toEqual({ drift: [], undecided: [] });
  });

  test('what an earlier round confirmed stays confirmed when the pipeline falls behind', async () => {
    const options = seeing(['5'], {
      changedBetween: () => Promise.resolve(new Set([suspectId(suspect)])),
      untilApplied: vi.fn().mockResolvedValueOnce(undefined).mockImplementation(behind),
    });
    const { drift, undecided } = await confirm([suspect, other], options, signal);
    expect(drift.map((each) => each.suspect)).toEqual([other]);
    expect(undecided.map((each) => each.suspect)).toEqual([suspect]);
  });

  test('any other error is not hidden', async () => {
    const gone = new UnstaleError('KAFKA_UNREACHABLE', 'the broker is away');
    const options = seeing(['5'], { untilApplied: () => Promise.reject(gone) });
    await expect(confirm([suspect], options, signal)).rejects.toBe(gone);
  });

  test('a place that both directions came upon is told once', async () => {
    const { drift } = await confirm([suspect, { ...suspect }, other], seeing(['5']), signal);
    expect(drift.map((each) => each.suspect.key)).toEqual(['p:1', 'p:2']);
  });

  test('an abort ends the wait', async () => {
    const aborting = new AbortController();
    const waiting = confirm([suspect], { ...seeing(['5']), confirmAfterMs: 60_000 }, aborting.signal);
    aborting.abort(new Error('stop'));
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('moments at which a wrong value is only in flight', () => {
  /** @param answers what happens before each answer, by its number */
  async function driftIn(history: readonly Step[], answers: Readonly<Record<number, readonly Step[]>>) {
    const world = createRowWorld();
    history.forEach((step) => {
      world.step(step);
    });
    const schedule = Array.from({ length: 30 }, (_, index) => answers[index] ?? []);
    return (await confirm([suspect], { ...looksInto(world, schedule), confirmAfterMs: 0 }, signal)).drift;
  }
  const comesAndGoes: readonly Step[] = ['write 1', 'commit', 'read one', 'fill one', 'write 0', 'commit'];
  const staleInFlight: readonly Step[] = [...comesAndGoes, 'publish', 'publish'];
  // Answers: 0 ends, 1 cache, 2 row, 3 and 4 applied, 5 retries, 6 cache, 7 row, 8 cache, 9 published, 10 ends, 11 changes.

  test('the row became that value once more, and its change is not published yet', async () => {
    expect(await driftIn(staleInFlight, { 6: comesAndGoes })).toEqual([]);
  });

  test('the row became that value once more, and its change is published but not consumed', async () => {
    expect(await driftIn(staleInFlight, { 6: [...comesAndGoes, 'publish', 'publish'] })).toEqual([]);
  });

  test('a retry deletes the value behind the last look, and is over before anybody asks for it', async () => {
    const failed: readonly Step[] = [
      ...staleInFlight,
      'consume',
      'fail to consume',
      'settle',
      'fail to settle',
    ];
    const retried: readonly Step[] = ['retry', 'end the retry', 'retry', 'end the retry'];
    expect(await driftIn(failed, { 9: retried })).toEqual([]);
  });

  test('the change is in the topic before it can be seen in the table', async () => {
    expect(await driftIn([...comesAndGoes, 'write 2', 'publish'], { 4: ['commit'] })).toEqual([]);
  });
});
