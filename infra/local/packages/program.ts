import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

/** An executable that runs and whose version fits. */
export interface Program {
  readonly file: string;
  readonly version: string;
  /** The root folder of the packages it was unpacked from, if it is not the system's. */
  readonly root?: string;
}

export interface Wanted {
  readonly name: string;
  readonly versionArgs: readonly string[];
  readonly versionMin: string;
  /** Undefined for another product of the same name. */
  versionIn(output: string): string | undefined;
}

/** Where servers lie that only root has on the PATH. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

export function searchPath(env: NodeJS.ProcessEnv = process.env): string[] {
  const folders = (env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  return [...new Set([...folders, ...MORE_FOLDERS])];
}

/** The first that fits. */
export async function findProgram(wanted: Wanted, folders: readonly string[]): Promise<Program | undefined> {
  for (const folder of folders) {
    const program = await inspect(path.join(folder, wanted.name), wanted);
    if (program !== undefined) return program;
  }
  return undefined;
}

export async function inspect(file: string, wanted: Wanted): Promise<Program | undefined> {
  if (!(await isExecutable(file))) return undefined;
  const { stdout, stderr, failed } = await execa(file, wanted.versionArgs, {
    reject: false,
    timeout: 10_000,
  });
  const version = failed ? undefined : wanted.versionIn(`${stdout}\n${stderr}`);
  return version !== undefined && isAtLeast(version, wanted.versionMin) ? { file, version } : undefined;
}

/** Compares the numbers at the beginning: 9.7.4-2 is at least 8.4. */
export function isAtLeast(version: string, versionMin: string): boolean {
  const have = numbersOf(version);
  for (const [index, wanted] of numbersOf(versionMin).entries()) {
    const number = have[index] ?? 0;
    if (number !== wanted) return number > wanted;
  }
  return true;
}

function numbersOf(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
