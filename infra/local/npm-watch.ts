/**
 * Notices the end of an `npm run` that ended without ending what it ran.
 *
 * Between npm and this process stand a shell and tsx, none of which passes on every signal, and SIGKILL cannot be
 * passed on. Whoever starts `npm run servers` and kills it still expects everything to be gone.
 */
import { readFileSync } from 'node:fs';

const CHECK_INTERVAL_MS = 250;

/** Calls back once when a process between npm and this one is gone. Does nothing where there is no /proc. */
export function watchNpm(onGone: () => void): { stop(): void } {
  const ancestors = ancestorsUpToNpm();
  const timer = setInterval(() => {
    // The child of a process that ended gets another parent.
    const isIntact = ancestors.every((pid, index) => parentOf(ancestors[index - 1] ?? process.pid) === pid);
    if (isIntact) return;
    clearInterval(timer);
    onGone();
  }, CHECK_INTERVAL_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
    },
  };
}

/** From the parent upwards. Without npm it is the parent alone, and only if that is tsx, which opens a channel. */
function ancestorsUpToNpm(): number[] {
  if (process.env.npm_lifecycle_event === undefined) return process.connected ? [process.ppid] : [];
  const ancestors: number[] = [];
  for (let pid = parentOf(process.pid); pid !== undefined && pid > 1; pid = parentOf(pid)) {
    ancestors.push(pid);
    // npm puts this into the environment of what it runs, so the first without it is npm itself.
    if (!readProc(pid, 'environ')?.includes('\0npm_lifecycle_event=')) break;
  }
  return ancestors;
}

function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, 'stat');
  const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}

function readProc(pid: number, file: 'stat' | 'environ'): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined; // gone, or another user's
  }
}
