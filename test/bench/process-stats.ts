/** What Linux tells of processes and of the machine, from /proc. */
import { readFile, readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** /proc counts CPU time in this unit on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ProcessStats {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  /** The most memory that it ever held. */
  readonly peakRssBytes: number;
}

/** @throws Error when the process is gone */
export async function readProcessStats(pid: number): Promise<ProcessStats> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  return { cpuSeconds: parseStat(stat).cpuSeconds, peakRssBytes: parsePeakRss(status) };
}

export interface Stat {
  readonly parentPid: number;
  readonly cpuSeconds: number;
  /** Of its children that have ended, and of theirs. */
  readonly endedChildrenCpuSeconds: number;
}

/** The text of /proc/PID/stat. The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (from: number): number =>
    (Number(fields[from]) + Number(fields[from + 1])) / TICKS_PER_SECOND;
  return { parentPid: Number(fields[1]), cpuSeconds: seconds(11), endedChildrenCpuSeconds: seconds(13) };
}

/** @throws Error when the text of /proc/PID/status says nothing of it */
export function parsePeakRss(status: string): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error('/proc says nothing about the peak memory of the process.');
  return Number(kilobytes) * 1024;
}

/** A process with its parent and the CPU time of its own and of its ended children. */
export interface TreeNode extends Stat {
  readonly pid: number;
}

/** CPU seconds of a process and of all that descend from it, as long as nobody left the tree. */
export function cpuSecondsOfTree(nodes: readonly TreeNode[], root: number): number {
  const within = new Set([root]);
  let size: number;
  do {
    size = within.size;
    for (const { pid, parentPid } of nodes) if (within.has(parentPid)) within.add(pid);
  } while (within.size > size);
  return nodes
    .filter(({ pid }) => within.has(pid))
    .reduce((sum, { cpuSeconds, endedChildrenCpuSeconds }) => sum + cpuSeconds + endedChildrenCpuSeconds, 0);
}

/**
 * Starts to watch what others do with the CPUs. The returned function gives their share of all CPUs since then, 0
 * to 1: all that was busy, less this process and its descendants.
 */
export async function watchOthers(): Promise<() => Promise<number>> {
  const before = await look();
  return async () => {
    const after = await look();
    const othersSeconds = after.busySeconds - before.busySeconds - (after.oursSeconds - before.oursSeconds);
    return Math.max(0, othersSeconds / (after.totalSeconds - before.totalSeconds));
  };
}

export interface QuietOptions {
  readonly busyMax: number;
  /** How long it must have been quiet. */
  readonly quietMs: number;
  readonly waitMaxMs: number;
  readonly signal: AbortSignal;
}

/** Waits until the whole machine is quiet; false when it was not in time. */
export async function untilQuiet({ busyMax, quietMs, waitMaxMs, signal }: QuietOptions): Promise<boolean> {
  const untilMs = performance.now() + waitMaxMs;
  while (performance.now() < untilMs) {
    const before = readMachine();
    await pause(quietMs, undefined, { signal });
    const after = readMachine();
    const busyShare = (after.busySeconds - before.busySeconds) / (after.totalSeconds - before.totalSeconds);
    if (busyShare <= busyMax) return true;
  }
  return waitMaxMs === 0;
}

interface MachineTimes {
  readonly busySeconds: number;
  readonly totalSeconds: number;
}

function readMachine(): MachineTimes {
  let busyMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    busyMs += times.user + times.nice + times.sys + times.irq;
    idleMs += times.idle;
  }
  return { busySeconds: busyMs / 1000, totalSeconds: (busyMs + idleMs) / 1000 };
}

async function look(): Promise<MachineTimes & { readonly oursSeconds: number }> {
  const nodes = await readTree();
  return { ...readMachine(), oursSeconds: cpuSecondsOfTree(nodes, process.pid) };
}

async function readTree(): Promise<TreeNode[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger);
  const nodes = await Promise.all(
    pids.map(async (pid): Promise<TreeNode[]> => {
      try {
        return [{ pid, ...parseStat(await readFile(`/proc/${pid}/stat`, 'utf8')) }];
      } catch {
        return []; // it has ended meanwhile
      }
    }),
  );
  return nodes.flat();
}
