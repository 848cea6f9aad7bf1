import type { Parts } from './parts.js';

const EVERY_MS = 5_000;

/** Measures something again and again until the pipeline stops; a failure is left to the stage that it concerns. */
export function startSampling(
  { resources, log }: Pick<Parts, 'resources' | 'log'>,
  sample: () => Promise<void>,
): void {
  let running: Promise<void> | undefined;
  const sampleOnce = async (): Promise<void> => {
    try {
      await sample();
    } catch (error) {
      log.debug({ err: error }, 'a lag could not be measured');
    } finally {
      running = undefined;
    }
  };
  const timer = setInterval(() => {
    running ??= sampleOnce();
  }, EVERY_MS);
  resources.opened(timer, async (opened) => {
    clearInterval(opened);
    await running;
  });
}
