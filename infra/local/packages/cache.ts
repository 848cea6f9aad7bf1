import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot } from '../paths.js';

const UNFINISHED = '.unfinished-';

/** A build takes minutes at most; what is older was left by one that was killed. */
const UNFINISHED_MAX_AGE_MS = 3_600_000;

/**
 * The folder `name` of the cache, built on first use. It is built beside its place and then renamed, so it is either
 * complete or absent. When two build it at once both do the work and the first to finish wins: simpler than a lock,
 * which a killed builder would leave behind.
 */
export async function cached(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = path.join(cacheRoot(), name);
  if (await exists(folder)) return folder;
  await mkdir(cacheRoot(), { recursive: true });
  await removeAbandoned();
  const unfinished = await mkdtemp(`${folder}${UNFINISHED}`);
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

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(cacheRoot())) {
    if (!name.includes(UNFINISHED)) continue;
    const folder = path.join(cacheRoot(), name);
    const ageMs = Date.now() - ((await stat(folder).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (ageMs > UNFINISHED_MAX_AGE_MS) await rm(folder, { recursive: true, force: true });
  }
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
