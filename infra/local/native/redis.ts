import { mkdir } from 'node:fs/promises';
import type { Program } from '../packages/program.js';
import { probeRedis } from '../probes.js';
import type { PreparedServer } from './native-server.js';

const COMMON = ['--bind', '127.0.0.1', '--save', '', '--daemonize', 'no', '--supervised', 'no'];

/** A cache may lose everything at any time, so it writes nothing. A queue must neither drop a job nor lose it. */
const ROLES = {
  cache: ['--appendonly', 'no'],
  queue: ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'],
};

export async function prepareRedis(
  role: keyof typeof ROLES,
  program: Program,
  dataDir: string,
): Promise<PreparedServer> {
  await mkdir(dataDir, { recursive: true });
  return {
    title: `Redis ${program.version} (${role})`,
    portCount: 1,
    launch: ([port]) => ({
      file: program.file,
      args: ['--port', String(port), '--dir', dataDir, ...COMMON, ...ROLES[role]],
    }),
    probe: probeRedis,
  };
}
