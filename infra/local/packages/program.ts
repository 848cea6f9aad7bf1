import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

/** An executable whose version fits. */
export interface Program {
  readonly file: string;
  readonly version: string;
  /** Where its package was unpacked, if it is not the system's. */
  readonly root?: string;
}

export interface Wanted {
  readonly name: string;
  readonly versionArgs: readonly string[];
  /** The version in what it prints, undefined for another product of the same name. */
  versionIn(output: string): string | undefined;
  readonly versionMin: string;
}

/** Also where servers live that only root has on the PATH. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The first on the PATH that runs and is new enough. */
export async function findProgram(wanted: Wanted, folders = searchPath()): Promise<Program | undefined> {
  for (const folder of folders) {
    const file = path.join(folder, wanted.name);
    if (!(await isExecutable(file))) continue;
    const program = await inspect(file, wanted);
    if (program !== undefined) return program;
  }
  return undefined;
}

export async function inspect(file: string, wanted: Wanted): Promise<Program | undefined> {
  const { stdout, stderr, failed } = await execa(file, wanted.versionArgs, { reject: false, timeout: 10_000 });
  const version = failed ? undefined : wanted.versionIn(`${stdout}\n${stderr}`);
  return version !== undefined && atLeast(version, wanted.versionMin) ? { file, version } : undefined;
}

export function searchPath(env: NodeJS.ProcessEnv = process.env): string[] {
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [...new Set([...folders, ...MORE_FOLDERS])];
}

/** Compares the leading numbers of two versions: 9.7.4-2 is at least 8.4. */
export function atLeast(version: string, minimum: string): boolean {
  const have = numbersOf(version);
  for (const [index, wanted] of numbersOf(minimum).entries()) {
    const number = have[index] ?? 0;
    if (number !== wanted) return number > wanted;
  }
  return true;
}

function numbersOf(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
