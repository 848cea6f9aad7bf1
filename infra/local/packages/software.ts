/** Finds each program: on the machine if its version fits, else in the distribution's packages. */
import path from 'node:path';
import type { Step } from '../server.js';
import { cached, exists } from './cache.js';
import { type Program, type Wanted, findProgram, inspect, isAtLeast, searchPath } from './program.js';
import { type System, cacheName, requireSystem } from './system.js';
import { type PackageChoice, unpackPackages } from './unpack.js';

const MYSQL: Wanted = {
  name: 'mysqld',
  versionArgs: ['--no-defaults', '--version'],
  versionMin: '8.4',
  versionIn: (output) => (/mariadb/i.test(output) ? undefined : /\bVer (\d\S*)/.exec(output)?.[1]),
};

const REDIS: Wanted = {
  name: 'redis-server',
  versionArgs: ['--version'],
  versionMin: '6.2',
  versionIn: (output) => /\bv=(\d[\d.]*)/.exec(output)?.[1],
};

/** Ubuntu attaches it to the system's server, which may then use no data folder but the system's. */
const MYSQL_APPARMOR_PROFILE = '/etc/apparmor.d/usr.sbin.mysqld';

export async function mysqlProgram(step: Step): Promise<Program> {
  const found = await findProgram(MYSQL, searchPath());
  if (found !== undefined && !(await exists(MYSQL_APPARMOR_PROFILE))) return found;
  const system = await requireSystem('mysqld', step);
  return unpackedProgram(MYSQL, { thing: 'mysql', system, choice: mysqlChoice(system) }, step);
}

export async function redisProgram(step: Step): Promise<Program> {
  const found = await findProgram(REDIS, searchPath());
  if (found !== undefined) return found;
  const system = await requireSystem('redis-server', step);
  const choice: PackageChoice = {
    suites: ['own'],
    candidates: ['redis-server'],
    choose: (versions) =>
      versions.has('redis-server')
        ? { packages: ['redis-server'], programs: ['usr/bin/redis-server'] }
        : undefined,
  };
  return unpackedProgram(REDIS, { thing: 'redis', system, choice }, step);
}

/** Debian's releases have MariaDB only. Ubuntu's name the package after the server's release series. */
export function mysqlChoice({ id }: Pick<System, 'id'>): PackageChoice {
  return {
    suites: id === 'ubuntu' ? ['own', 'newest'] : ['newest'],
    candidates: ['mysql-server-core', 'mysql-server-core-9.7', 'mysql-server-core-8.4'],
    choose(versions) {
      const fitting = [...versions].find(([, version]) => isAtLeast(version, MYSQL.versionMin));
      return fitting === undefined ? undefined : { packages: [fitting[0]], programs: ['usr/sbin/mysqld'] };
    },
  };
}

interface Unpacking {
  readonly thing: string;
  readonly system: System;
  readonly choice: PackageChoice;
}

async function unpackedProgram(
  wanted: Wanted,
  { thing, system, choice }: Unpacking,
  step: Step,
): Promise<Program> {
  const folder = await cached(cacheName(thing, system), (unfinished) => {
    step.report(`fetching ${wanted.name} from the packages of ${system.id}`);
    return unpackPackages(unfinished, system, choice, step.signal);
  });
  const program = await inspect(path.join(folder, 'bin', wanted.name), wanted);
  if (program !== undefined) return { ...program, root: path.join(folder, 'root') };
  throw new Error(`${wanted.name} in ${folder} does not run. Delete that folder to have it fetched anew.`);
}
