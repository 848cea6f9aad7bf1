import { describe, expect, test } from 'vitest';
import { cpuSecondsOfTree, parsePeakRss, parseStat, readProcessStats } from '../../bench/process-stats.js';

describe('/proc', () => {
  test('a name with spaces and parentheses does not shift the fields', () => {
    const stat = '42 (node (main) x) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 30 20 20 0 11 0 1 2 3';
    expect(parseStat(stat)).toEqual({ parentPid: 7, cpuSeconds: 3, endedChildrenCpuSeconds: 0.5 });
  });

  test('peak memory is in kB', () => {
    expect(parsePeakRss('Name:\tnode\nVmPeak:\t  9 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n')).toBe(2_097_152);
    expect(() => parsePeakRss('Name:\tkthread\n')).toThrow('peak memory');
  });

  test('this process has used CPU and memory', async () => {
    const stats = await readProcessStats(process.pid);
    expect(stats.cpuSeconds).toBeGreaterThan(0);
    expect(stats.peakRssBytes).toBeGreaterThan(1e7);
  });
});

test('the tree holds children, their children, and what ended ones used, in whatever order they come', () => {
  const node = (pid: number, parentPid: number, cpuSeconds: number, endedChildrenCpuSeconds = 0) => ({
    pid,
    parentPid,
    cpuSeconds,
    endedChildrenCpuSeconds,
  });
  const nodes = [node(4, 3, 8), node(3, 2, 4), node(2, 1, 2, 16), node(9, 1, 100)];
  expect(cpuSecondsOfTree(nodes, 2)).toBe(30);
});
