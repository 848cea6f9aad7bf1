import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { exists } from '../packages/cache.js';
import { run } from './leash.js';

/** A data folder's beginning, unless it has begun: like the cache it is either complete or absent. */
export async function copyTemplate(template: string, dataDir: string, signal: AbortSignal): Promise<void> {
  if (await exists(dataDir)) return;
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(path.dirname(dataDir), { recursive: true });
  // Most of a new database is zeros, which need not be written.
  const args = ['-a', '--reflink=auto', '--sparse=always', template, unfinished];
  await run({ file: 'cp', args }, { signal });
  await rename(unfinished, dataDir);
}
