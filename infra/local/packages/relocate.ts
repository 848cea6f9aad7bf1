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
  const libraries = await libraryFolder(path.join(folder, 'root'));
  const bin = path.join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const file = path.join(bin, path.basename(program));
  await writeFile(file, launcherScript(libraries, program));
  await chmod(file, 0o755);
}

/** The folder still moves to its place in the cache, so the script finds it by itself. */
export function launcherScript({ folder, loader }: Libraries, program: string): string {
  return `#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")/root
exec "$root/${folder}/${loader}" --library-path "$root/${folder}" "$root/${program}" "$@"
`;
}

interface Libraries {
  readonly folder: string;
  readonly loader: string;
}

/** The one folder with a dynamic loader: its name and the loader's differ between architectures. */
async function libraryFolder(root: string): Promise<Libraries> {
  for (const parent of ['usr/lib', 'lib']) {
    for (const name of await readdir(path.join(root, parent)).catch(() => [])) {
      const folder = path.join(parent, name);
      const files = await readdir(path.join(root, folder)).catch(() => []);
      const loader = files.find((file) => /^ld-linux.*\.so\.\d+$/.test(file));
      if (loader !== undefined) return { folder, loader };
    }
  }
  throw new Error(`The packages under ${root} hold no dynamic loader`);
}
