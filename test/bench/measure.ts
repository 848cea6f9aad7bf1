import { type QuietOptions, untilQuiet, watchOthers } from './process-stats.js';
import type { Progress } from './progress.js';

export interface MeasureOptions extends Pick<QuietOptions, 'waitMaxMs' | 'signal'> {
  readonly progress: Progress;
}

const busyMax = 0.12;
const quietMs = 3000;
/** From here on others have slowed the run noticeably. */
const othersShareWorthTelling = 0.05;

/** Measures when the machine is quiet, as the peers were, and says what others did meanwhile. */
export function createMeasure({
  progress,
  ...quiet
}: MeasureOptions): <Result>(work: () => Promise<Result>) => Promise<Result & { othersShare: number }> {
  return async (work) => {
    if (!(await untilQuiet({ busyMax, quietMs, ...quiet }))) {
      progress.note(
        `the machine did not get quiet within ${quiet.waitMaxMs / 1000} s; measuring all the same`,
      );
    }
    const others = await watchOthers();
    const result = await work();
    const othersShare = await others();
    if (othersShare > othersShareWorthTelling)
      progress.note(`other programs took ${Math.round(othersShare * 100)} % of the CPUs meanwhile`);
    return { ...result, othersShare };
  };
}
