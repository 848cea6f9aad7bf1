/**
 * Keeps a set of servers to one process at a time.
 *
 * Whoever wants a set leaves a claim in its folder, under a name of its own, and only then looks at the others'. Of
 * two that come at once at least one sees the other, so never do both go ahead. A claim whose process is gone is
 * deleted, which, unlike with one shared lock file, can never hit a claim that was made meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setPaths } from './paths.js';

export interface Claim {
  release(): Promise<void>;
}

const NAMES_MAX = 50;

/**
 * Claims the set, or, if its data is `fresh` anyway, the first of `<set>`, `<set>-2` and so on that is free.
 * @throws Error if it is in use, or its name cannot be one
 */
export async function claimName(
  set: string,
  { fresh }: { readonly fresh: boolean },
): Promise<{ set: string; claim: Claim }> {
  if (!/^[a-z0-9][a-z0-9-]{0,40}$/.test(set))
    throw new Error(`"${set}" cannot name a set: use a-z, 0-9 and "-".`);
  for (let number = 1; number <= (fresh ? NAMES_MAX : 1); number += 1) {
    const name = number === 1 ? set : `${set}-${number}`;
    const claim = await claimSet(setPaths(name).claims);
    if (claim !== undefined) return { set: name, claim };
  }
  throw new Error(
    `Another process uses the set "${set}" (${setPaths(set).root}). Stop it, or name another set.`,
  );
}

/** Two that came at once may both have withdrawn. */
const ATTEMPTS_MAX = 4;
const WITHDRAWN_MAX_MS = 100;

/** Undefined while somebody else has the set, be it in this process. */
export async function claimSet(claimsFolder: string): Promise<Claim | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const claim = await tryClaim(claimsFolder);
    if (claim !== undefined) return claim;
    await sleep(Math.random() * WITHDRAWN_MAX_MS);
  }
  return undefined;
}

async function tryClaim(claimsFolder: string): Promise<Claim | undefined> {
  await mkdir(claimsFolder, { recursive: true });
  const own = `${process.pid}.${randomUUID()}`;
  const file = path.join(claimsFolder, own);
  const release = () => rm(file, { force: true });
  await writeFile(file, (await startOf(process.pid)) ?? '');
  for (const other of await readdir(claimsFolder)) {
    if (other === own) continue;
    if (await isHeld(path.join(claimsFolder, other))) {
      await release();
      return undefined;
    }
    await rm(path.join(claimsFolder, other), { force: true });
  }
  return { release };
}

async function isHeld(file: string): Promise<boolean> {
  const claimedStart = await readFile(file, 'utf8').catch(() => undefined);
  if (claimedStart === undefined) return false; // withdrawn meanwhile
  const start = await startOf(Number.parseInt(path.basename(file), 10));
  if (start === undefined) return false;
  // An empty claim is about to be written.
  return claimedStart === '' || claimedStart === start;
}

/**
 * When a process began, in the kernel's clock, for pids come round again. Undefined if there is no such process; ''
 * where the system does not tell.
 */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // Counted from behind the name, the second field, which may hold spaces itself.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? '' : undefined;
  }
}
