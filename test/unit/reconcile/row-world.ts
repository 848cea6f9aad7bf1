/**
 * One row, its key, those who write and read it, and the pipeline that deletes the key, each in steps that may come in any
 * order: what a schedule-exploring test needs to find the moment at which a look is wrong.
 */
import type { Eyes } from '../../../src/reconcile/look.js';
import type { PipelineView } from '../../../src/reconcile/confirm.js';
import { suspectId } from '../../../src/reconcile/suspect.js';
import { held } from './support.js';

export const ROW_STEPS = [
  'write 0',
  'write 1',
  'write 2',
  'delete the row',
  'write elsewhere',
  'commit',
  'read one',
  'read two',
] as const;
export const PIPELINE_STEPS = [
  'fill one',
  'fill two',
  'publish',
  'consume',
  'fail to consume',
  'settle',
  'fail to settle',
  'retry',
  'end the retry',
] as const;
export type Step = (typeof ROW_STEPS)[number] | (typeof PIPELINE_STEPS)[number];

interface Logged {
  /** Undefined: the row is deleted. */
  readonly value: number | undefined;
  readonly isOurs: boolean;
}

export interface RowWorld {
  step(step: Step): void;
  /** Everything is published, consumed, retried, filled in and settled. */
  quieten(): void;
  row: number | undefined;
  cached: number | undefined;
}

interface Read {
  readonly saw: number;
  /** How many changes could be seen. */
  readonly committed: number;
}

export function createRowWorld(): RowWorld & { readonly view: WorldView } {
  /** The binlog; all but the last entry can be seen in the table, and the first `published` lie in the topic. */
  const log: Logged[] = [];
  let [committed, published, consumed, settled] = [0, 0, 0, 0];
  const reads = new Map<string, Read>();
  const retries: ('waits' | 'has deleted')[] = [];
  const world = { row: 0 as number | undefined, cached: undefined as number | undefined };

  const write = (value: number | undefined, isOurs: boolean) => (): void => {
    if (committed === log.length) log.push({ value, isOurs }); // else the row is locked
  };
  const commit = (): void => {
    const last = log[committed];
    if (last === undefined) return;
    if (last.isOurs) world.row = last.value;
    committed += 1;
  };
  const read = (reader: string) => (): void => {
    if (world.cached !== undefined || world.row === undefined || reads.has(reader)) return;
    reads.set(reader, { saw: world.row, committed });
  };
  const fill = (reader: string) => (): void => {
    const seen = reads.get(reader);
    if (seen !== undefined) world.cached = seen.saw;
    reads.delete(reader);
  };
  const invalidate = (offset: number, fails: boolean): void => {
    if (log[offset]?.isOurs !== true) return;
    if (fails) retries.push('waits');
    else world.cached = undefined;
  };
  const consume = (fails: boolean) => (): void => {
    if (consumed < published) invalidate(consumed++, fails);
  };
  /** Once the change can be seen, and those who did not see it have filled in what they saw. */
  const settle = (fails: boolean) => (): void => {
    const isDue = [...reads.values()].every((seen) => seen.committed > settled);
    if (settled < published && settled < committed && isDue) invalidate(settled++, fails);
  };
  const retry = (): void => {
    if (retries[0] !== 'waits') return;
    retries[0] = 'has deleted';
    world.cached = undefined;
  };
  const steps: Readonly<Record<Step, () => void>> = {
    'write 0': write(0, true),
    'write 1': write(1, true),
    'write 2': write(2, true),
    'delete the row': write(undefined, true),
    'write elsewhere': write(undefined, false),
    commit,
    'read one': read('one'),
    'read two': read('two'),
    'fill one': fill('one'),
    'fill two': fill('two'),
    publish() {
      published = Math.min(log.length, published + 1);
    },
    consume: consume(false),
    'fail to consume': consume(true),
    settle: settle(false),
    'fail to settle': settle(true),
    retry,
    'end the retry': () => {
      if (retries[0] === 'has deleted') retries.shift();
    },
  };
  const step = (name: Step): void => {
    steps[name]();
  };
  const until = (isSo: () => boolean, ...towards: readonly Step[]): void => {
    while (!isSo()) towards.forEach(step);
  };
  return Object.assign(world, {
    step,
    quieten() {
      const isHandled = (): boolean => consumed === log.length && settled === log.length;
      until(isHandled, 'commit', 'publish', 'consume', 'fill one', 'fill two', 'settle');
      until(() => retries.length === 0 && reads.size === 0, 'fill one', 'fill two', 'retry', 'end the retry');
    },
    view: {
      published: () => published,
      committed: () => committed,
      hasChangeBetween: (from: number, to: number) => log.slice(from, to).some(({ isOurs }) => isOurs),
      isRetrying: () => retries.length > 0,
      publishUpTo: (change: number) => {
        until(() => published >= change, 'publish');
      },
      applyUpTo: (change: number) => {
        until(() => consumed >= change, 'consume');
        until(() => settled >= change, 'commit', 'fill one', 'fill two', 'settle');
      },
    },
  });
}

interface WorldView {
  published(): number;
  committed(): number;
  hasChangeBetween(from: number, to: number): boolean;
  isRetrying(): boolean;
  publishUpTo(change: number): void;
  applyUpTo(change: number): void;
}

/**
 * What `confirm` asks of that world, with the key `p:1` and the row 1.
 * @param schedule what happens before each answer
 */
export function looksInto(
  world: ReturnType<typeof createRowWorld>,
  schedule: readonly (readonly Step[])[],
): Eyes & { readonly pipeline: PipelineView } {
  const left = [...schedule];
  const meanwhile = (): Promise<void> => {
    left.shift()?.forEach((step) => {
      world.step(step);
    });
    return Promise.resolve();
  };
  const { view } = world;
  const publishAll = async (): Promise<void> => {
    const watermark = view.committed();
    await meanwhile();
    view.publishUpTo(watermark);
  };
  return {
    cache: {
      async snapshot(probes) {
        await meanwhile();
        return probes.map(() =>
          world.cached === undefined ? { kind: 'absent' } : held(String(world.cached)),
        );
      },
    },
    tables: {
      async lookup({ columns }) {
        await meanwhile();
        const { row } = world;
        return row === undefined ? [] : [columns.map((name) => (name === 'id' ? 1 : row))];
      },
    },
    pipeline: {
      async topicEnds() {
        await meanwhile();
        return new Map([[0, BigInt(view.published())]]);
      },
      untilPublished: publishAll,
      async untilApplied() {
        await publishAll();
        const end = view.published();
        await meanwhile();
        view.applyUpTo(end);
      },
      async changedBetween(from, to, suspects) {
        await meanwhile();
        const [first, end] = [Number(from.get(0)), Number(to.get(0))];
        return new Set(view.hasChangeBetween(first, end) ? suspects.map(suspectId) : []);
      },
      async retryPending(suspects) {
        await meanwhile();
        return new Set(view.isRetrying() ? suspects.map(suspectId) : []);
      },
    },
  };
}
