/** Makes unpacked packages usable where they lie. */
import { chmod, mkdir, readdir, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exists } from './cache.js';

/** Links to absolute places, e.g. a program's /etc, come to lead to the same place below `root` if it is there. */
export async function adoptAbsoluteLinks(root: string): Promise<void> {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const link = path.join(entry.parentPath, entry.name);
    const target = await readlink(link);
    if (!path.isAbsolute(target) || !(await exists(path.join(root, target)))) continue;
    await unlink(link);
    await symlink(path.relative(entry.parentPath, path.join(root, target)), link);
  }
}

/** `bin/<name>` beside `root/`: starts the program with the loader and the libraries that were unpacked with it. */
export async function writeLauncher(folder: string, program: string): Promise<void> {
  const libraries = await findLibraries(path.join(folder, 'root'));
  const launcher = path.join(folder, 'bin', path.basename(program));
  await mkdir(path.dirname(launcher), { recursive: true });
  await writeFile(launcher, launcherScript(libraries, program));
  await chmod(launcher, 0o755);
}

/** Paths below the root. */
interface Libraries {
  readonly loader: string;
  readonly folders: readonly string[];
}

/** The folder has yet to move to its place in the cache, so the script finds out where it is. */
export function launcherScript({ loader, folders }: Libraries, program: string): string {
  const libraryPath = folders.map((folder) => `$root/${folder}`).join(':');
  return `#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
exec "$root/${loader}" --library-path "${libraryPath}" "$root/${program}" "$@"
`;
}

/** The folder with the dynamic loader, and its namesake, for older packages divide their libraries between the two. */
async function findLibraries(root: string): Promise<Libraries> {
  for (const parent of ['usr/lib', 'lib']) {
    for (const architecture of await filesIn(path.join(root, parent))) {
      const files = await filesIn(path.join(root, parent, architecture));
      const loader = files.find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
      if (loader === undefined) continue;
      const folders = [`usr/lib/${architecture}`, `lib/${architecture}`];
      return { loader: path.join(parent, architecture, loader), folders };
    }
  }
  throw new Error(`The packages in ${root} hold no dynamic loader`);
}

/** None if it is no folder. */
function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
