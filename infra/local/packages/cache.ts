import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot } from './paths.js';

/**
 * The folder `name` of the cache, built on first use. It is built beside its place and then renamed, so that it is
 * either complete or absent. Two builders at once do the work twice and the first to finish wins: simpler than a
 * lock that a killed builder would leave behind.
 */
export async function cached(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(cacheRoot(), name);
  if (await exists(folder)) return folder;
  await mkdir(cacheRoot(), { recursive: true });
  const unfinished = await mkdtemp(`${folder}.unfinished-`);
  try {
    await build(unfinished);
    await rename(unfinished, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
