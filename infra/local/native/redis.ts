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

/** A busy machine may hold a node up for a while, and that is not to count as its end. */
const CLUSTER = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'],
  // Otherwise a node learns its own address from the others, and does not know it at first.
  ...['--cluster-announce-ip', '127.0.0.1'],
];

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

/** A cache that is one node of a cluster; Redis 7 or newer. Its second port is for the other nodes. */
export async function prepareClusterNode(
  name: string,
  program: Program,
  { dataDir, probe }: { readonly dataDir: string; readonly probe: PreparedServer['probe'] },
): Promise<PreparedServer> {
  await mkdir(dataDir, { recursive: true });
  return {
    title: `Redis ${program.version} (${name})`,
    portCount: 2,
    launch: ([port, busPort]) => ({
      file: program.file,
      args: [
        ...['--port', String(port), '--cluster-port', String(busPort), '--dir', dataDir],
        ...[...COMMON, ...ROLES.cache, ...CLUSTER],
      ],
    }),
    probe,
  };
}
