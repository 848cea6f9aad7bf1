import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from 'listr2';
import type { Step } from './server.js';

/** `full`: every step. `quiet`: only what takes long and is done once, so that nobody waits for minutes unaware. */
export type Progress = 'full' | 'quiet';

export interface Work {
  readonly title: string;
  run(step: Step): Promise<void>;
}

/**
 * Runs everything at once. The first failure makes the others give up; it is thrown when all have ended. All output
 * goes to stderr.
 */
export async function runTogether(
  works: readonly Work[],
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  const failure = new AbortController();
  const giveUp = AbortSignal.any([signal, failure.signal]);
  // What to show of a failure. The error itself is thrown when all the others have ended.
  const attempt = async (work: Work, show: Omit<Step, 'signal'>): Promise<string | undefined> => {
    try {
      await work.run({ ...show, signal: giveUp });
      return undefined;
    } catch (error) {
      if (giveUp.aborted) return 'given up';
      failure.abort(error);
      return 'see below';
    }
  };
  await (progress === 'full' ? withTaskList(works, attempt) : withPlainLines(works, attempt));
  signal.throwIfAborted();
  failure.signal.throwIfAborted();
}

type Attempt = (work: Work, show: Omit<Step, 'signal'>) => Promise<string | undefined>;

async function withTaskList(works: readonly Work[], attempt: Attempt): Promise<void> {
  const tasks = works.map((work) => ({
    title: work.title,
    task: async (_context: unknown, task: { title: string; output: string }) => {
      const problem = await attempt(work, {
        report(message) {
          task.output = message;
        },
        rename(title) {
          task.title = title;
        },
      });
      if (problem !== undefined) throw new Error(problem);
    },
  }));
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  await new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    renderer: process.stderr.isTTY ? 'default' : 'simple',
    rendererOptions: { logger, timer: PRESET_TIMER },
  }).run();
}

async function withPlainLines(works: readonly Work[], attempt: Attempt): Promise<void> {
  const attempts = works.map((work) =>
    attempt(work, {
      report(message) {
        console.error(`${work.title}: ${message}`);
      },
      rename: () => undefined,
    }),
  );
  await Promise.all(attempts);
}
