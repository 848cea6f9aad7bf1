import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { confirm } from '../../../src/reconcile/confirm.js';
import { PIPELINE_STEPS, ROW_STEPS, type Step, createRowWorld, looksInto } from './row-world.js';
import { checkOf, signal, stockKey, suspectAt } from './support.js';

const suspects = [suspectAt(checkOf(stockKey), 'p:1', [1])];
/** What often comes in one go, so that a change, its delete and a fill fit between two looks. */
const BURSTS: readonly (readonly Step[])[] = [
  ['write 0', 'commit'],
  ['write 1', 'commit'],
  ['write 0', 'commit', 'publish', 'consume'],
  ['write 1', 'commit', 'publish', 'consume'],
  ['publish', 'consume'],
  ['read one', 'fill one'],
  ['write 1', 'commit', 'read one', 'fill one', 'write 0', 'commit'],
];
const EVERYTHING = [...ROW_STEPS, ...PIPELINE_STEPS].map((step) => [step]);
const someOf = (bursts: readonly (readonly Step[])[], maxLength: number) =>
  fc.array(fc.constantFrom(...bursts), { maxLength }).map((chosen) => chosen.flat());
/** Before each of the answers; three rounds ask at most 30 times. */
const scheduleOf = (bursts: readonly (readonly Step[])[]) =>
  fc.array(someOf(bursts, 5), { minLength: 10, maxLength: 30 });
const before = someOf([...EVERYTHING, ...BURSTS], 20);
const QUIET = (['write elsewhere', 'commit', 'read one', ...PIPELINE_STEPS] as const).map((step) => [step]);
const value = fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined });

describe('confirming, whatever happens between any two looks', { timeout: 60_000 }, () => {
  test('never calls drift what is only in flight', async () => {
    await fc.assert(
      fc.asyncProperty(before, scheduleOf([...EVERYTHING, ...BURSTS]), async (history, meanwhile) => {
        const world = createRowWorld();
        history.forEach((step) => {
          world.step(step);
        });
        const options = { ...looksInto(world, meanwhile), confirmAfterMs: 0 };
        expect((await confirm(suspects, options, signal)).drift).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  });

  test('always finds a value that was planted after everything had settled', async () => {
    await fc.assert(
      fc.asyncProperty(
        before,
        fc.record({ row: value, cached: fc.integer({ min: 3, max: 5 }) }),
        scheduleOf(QUIET),
        async (history, planted, meanwhile) => {
          const world = createRowWorld();
          history.forEach((step) => {
            world.step(step);
          });
          world.quieten();
          Object.assign(world, planted); // as with sql_log_bin = 0, or a SET by hand
          const options = { ...looksInto(world, meanwhile), confirmAfterMs: 0 };
          const { drift, undecided } = await confirm(suspects, options, signal);
          expect(undecided).toEqual([]);
          expect(drift.map(({ difference }) => difference.kind)).toEqual([
            planted.row === undefined ? 'orphan' : 'stale',
          ]);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
