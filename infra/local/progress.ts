import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from 'listr2';

/** Where a server's preparation tells what it does. */
export interface Step {
  report(message: string): void;
  /** What people then read of it, e.g. with its version. */
  rename(title: string): void;
}

export interface Work {
  readonly title: string;
  run(step: Step): Promise<void>;
}

/** `silent` leaves everything to the error. */
export type Progress = 'shown' | 'silent';

/** Runs all at once and waits for all, whatever becomes of the others. All output goes to stderr. */
export async function runTogether(works: readonly Work[], progress: Progress): Promise<void> {
  const tasks = works.map((work) => ({
    title: work.title,
    task: (_context: unknown, task: { title: string; output: string }) =>
      work.run({
        report(message) {
          task.output = message;
        },
        rename(title) {
          task.title = title;
        },
      }),
  }));
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  await new Listr(tasks, {
    concurrent: true,
    exitOnError: true,
    registerSignalListeners: false,
    renderer: progress === 'silent' ? 'silent' : process.stderr.isTTY ? 'default' : 'simple',
    rendererOptions: { logger, timer: PRESET_TIMER },
  }).run();
}
