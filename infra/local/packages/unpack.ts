/**
 * Unpacks Debian and Ubuntu packages, with all they depend on, into a folder. Nothing is installed: no root, no
 * change to the system, no service that starts. The programs run with the dynamic loader that was unpacked with them,
 * and so may come from a newer release than the system's.
 */
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run } from '../native/leash.js';
import { messageOf } from '../ready.js';
import { type Suite, createApt } from './apt.js';
import { adoptAbsoluteLinks, writeLauncher } from './relocate.js';
import { OTHER_WAYS, type System } from './system.js';

export interface PackageChoice {
  /** Where to look, the first that has a fitting version wins. */
  readonly suites: readonly Suite[];
  readonly candidates: readonly string[];
  /** Given the version that the suite has of each candidate. Undefined if none fits. */
  choose(versions: ReadonlyMap<string, string>): ChosenPackages | undefined;
}

export interface ChosenPackages {
  readonly packages: readonly string[];
  /** Executables that `bin/<name>` is to start, by their path in the packages. */
  readonly programs: readonly string[];
}

/** Leaves `root/`, with the packages' files, and `bin/` in the folder. */
export async function unpackPackages(
  folder: string,
  system: System,
  choice: PackageChoice,
  signal: AbortSignal,
): Promise<void> {
  const root = path.join(folder, 'root');
  const scratch = path.join(folder, 'apt');
  await mkdir(root);
  const { files, programs } = await download(scratch, system, choice, signal);
  await extractAll(files, root, signal);
  await rm(scratch, { recursive: true });
  await adoptAbsoluteLinks(root);
  for (const program of programs) await writeLauncher(folder, program);
}

async function download(scratch: string, system: System, choice: PackageChoice, signal: AbortSignal) {
  const problems: unknown[] = [];
  for (const suite of choice.suites) {
    const apt = await createApt(path.join(scratch, suite), system, suite, signal);
    const problem = await apt.update();
    signal.throwIfAborted();
    if (problem !== undefined) problems.push(problem);
    const chosen = choice.choose(await apt.versions(choice.candidates));
    if (chosen !== undefined)
      return { files: await apt.download(chosen.packages), programs: chosen.programs };
  }
  const reasons = problems.map((problem) => `\n${messageOf(problem)}`).join('');
  const wanted = `${choice.candidates.join(', ')} for ${system.id} ${system.codename}`;
  throw new Error(`apt has no fitting version of any of ${wanted}. ${OTHER_WAYS}${reasons}`);
}

async function extractAll(files: readonly string[], root: string, signal: AbortSignal): Promise<void> {
  const queue = [...files];
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      await run({ file: 'dpkg-deb', args: ['--extract', file, root] }, { signal });
    }
  });
  await Promise.all(workers);
}
