import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { exists } from './cache.js';
import { run } from './leash.js';

/** A first data folder, as a copy of one that was made before: complete or absent, like the cache. */
export async function copyTemplate(template: string, dataDir: string): Promise<void> {
  if (await exists(dataDir)) return;
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(path.dirname(dataDir), { recursive: true });
  // Most of a new database is zeros.
  await run('cp', ['-a', '--reflink=auto', '--sparse=always', template, unfinished]);
  await rename(unfinished, dataDir);
}
