/**
 * Keeps a set of servers to one process at a time.
 *
 * A process that wants a set leaves a claim in its folder, under a name of its own, and then looks at the others'.
 * Of two that come at once at least one sees the other, so never do both go ahead. Claims of processes that are
 * gone are deleted, which, unlike with one shared lock file, can never hit somebody else's.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Claim {
  release(): Promise<void>;
}

/** Undefined while another live process, or another call in this one, has the set. */
export async function claimSet(claimsFolder: string): Promise<Claim | undefined> {
  await mkdir(claimsFolder, { recursive: true });
  const own = `${process.pid}.${randomUUID()}`;
  const file = path.join(claimsFolder, own);
  await writeFile(file, (await startOf(process.pid)) ?? '');
  const release = () => rm(file, { force: true });
  for (const name of await readdir(claimsFolder)) {
    if (name === own) continue;
    if (await isHeld(path.join(claimsFolder, name))) {
      await release();
      return undefined;
    }
    await rm(path.join(claimsFolder, name), { force: true });
  }
  return { release };
}

async function isHeld(file: string): Promise<boolean> {
  const pid = Number.parseInt(path.basename(file), 10);
  // The other may be about to write: until its claim is written it counts as live.
  const claimedStart = await readFile(file, 'utf8').catch(() => undefined);
  if (claimedStart === undefined) return false;
  const start = await startOf(pid);
  if (start === undefined) return false;
  return claimedStart === '' || start === '' || claimedStart === start;
}

/** When a process started, in the kernel's own clock, since pids come round again; '' where only its life is known. */
async function startOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    // The second field, the name, may itself hold spaces and brackets.
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EPERM';
    return exists ? '' : undefined;
  }
}
