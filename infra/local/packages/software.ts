/** Finds each program, on the machine if its version fits, else unpacked from the distribution's packages. */
import path from 'node:path';
import { cached, exists } from './cache.js';
import { type System, type UnpackOptions, detectSystem, unpackPackages } from './debian.js';
import { type Program, type Wanted, atLeast, findProgram, inspect } from './program.js';

export type Report = (message: string) => void;

const MYSQL: Wanted = {
  name: 'mysqld',
  versionArgs: ['--no-defaults', '--version'],
  versionIn: (output) => (/mariadb/i.test(output) ? undefined : /\bVer (\d[^\s]*)/.exec(output)?.[1]),
  versionMin: '8.4',
};

const REDIS: Wanted = {
  name: 'redis-server',
  versionArgs: ['--version'],
  versionIn: (output) => /\bv=(\d[\d.]*)/.exec(output)?.[1],
  versionMin: '6.2',
};

/** Ubuntu's packages bear the release in their names. */
const MYSQL_PACKAGES = ['mysql-server-core', 'mysql-server-core-8.4', 'mysql-server-core-9.7'];

export async function mysqlProgram(report: Report): Promise<Program> {
  const found = await findProgram(MYSQL);
  // Ubuntu's AppArmor profile keeps the installed server away from every data folder but its own.
  if (found !== undefined && !(await exists('/etc/apparmor.d/usr.sbin.mysqld'))) return found;
  const system = await requireSystem('MySQL 8.4 or newer (mysqld)');
  const options: UnpackOptions = {
    system,
    suite: 'newest',
    candidates: MYSQL_PACKAGES,
    choose: (versions) => [...versions].filter(([, version]) => atLeast(version, '8.4')).map(([name]) => name).slice(0, 1),
    programs: ['usr/sbin/mysqld'],
  };
  return unpackedProgram(MYSQL, 'mysql-newest', options, report);
}

export async function redisProgram(report: Report): Promise<Program> {
  const found = await findProgram(REDIS);
  if (found !== undefined) return found;
  const system = await requireSystem('Redis 6.2 or newer (redis-server)');
  const options: UnpackOptions = {
    system,
    suite: 'own',
    candidates: ['redis-server'],
    choose: (versions) => [...versions.keys()],
    programs: ['usr/bin/redis-server'],
  };
  return unpackedProgram(REDIS, `redis-${system.codename}`, options, report);
}

async function unpackedProgram(wanted: Wanted, name: string, options: UnpackOptions, report: Report): Promise<Program> {
  const folder = await cached(`${name}-${options.system.architecture}`, (unfinished) => {
    report(`unpacking ${wanted.name} from ${options.system.id}'s packages`);
    return unpackPackages(unfinished, options);
  });
  const program = await inspect(path.join(folder, 'bin', wanted.name), wanted);
  if (program === undefined) {
    throw new Error(`${wanted.name} in ${folder} does not run or is older than ${wanted.versionMin}; delete that folder to have it made anew.`);
  }
  return { ...program, root: path.join(folder, 'root') };
}

export async function requireSystem(what: string): Promise<System> {
  const system = await detectSystem();
  if (system !== undefined) return system;
  throw new Error(
    `${what} is not on the PATH, and only on Debian and Ubuntu can it be fetched. Install it, or start a container ` +
      `engine with "docker compose", or set UNSTALE_TEST_SERVERS to the addresses of running servers.`,
  );
}
