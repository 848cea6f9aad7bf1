import { readFile } from 'node:fs/promises';
import { run } from '../native/leash.js';
import type { Step } from '../server.js';
import { exists } from './cache.js';

/** A distribution whose packages can be unpacked. */
export interface System {
  readonly id: 'debian' | 'ubuntu';
  readonly codename: string;
  /** In Debian's words, e.g. amd64. */
  readonly architecture: string;
}

/** For every error after which the servers cannot be fetched. */
export const OTHER_WAYS =
  'Other ways: start a container engine that has "docker compose"; install MySQL 8.4 or newer (mysqld), Redis 6.2 or ' +
  'newer (redis-server), Java 17 or newer (java) and Maven 3.6 or newer (mvn); or set UNSTALE_TEST_SERVERS to the ' +
  'addresses of running servers, in the form that "npm run servers -- --json" prints.';

/** @throws Error that says what to do, where nothing can be fetched */
export async function requireSystem(missing: string, { signal }: Step): Promise<System> {
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  if (release === undefined || !(await exists('/usr/bin/apt-get'))) {
    const problem = `There is no fitting ${missing} on the PATH, and only on Debian and Ubuntu can it be fetched.`;
    throw new Error(`${problem} ${OTHER_WAYS}`);
  }
  const architecture = await run({ file: 'dpkg', args: ['--print-architecture'] }, { signal });
  return { ...release, architecture };
}

/** Derivatives name the distribution they come from, and Ubuntu's the release of it. */
export function parseOsRelease(text: string): Omit<System, 'architecture'> | undefined {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1] ?? '';
  const id = [field('ID'), ...field('ID_LIKE').split(' ')].find(
    (name) => name === 'debian' || name === 'ubuntu',
  );
  const codename = [field('UBUNTU_CODENAME'), field('VERSION_CODENAME'), 'unreleased'].find(
    (name) => name !== '',
  );
  return id === undefined || codename === undefined ? undefined : { id, codename };
}

/** Packages of one release fit the machines of that release and architecture, which may share a home folder. */
export function cacheName(thing: string, { id, codename, architecture }: System): string {
  return [thing, id, codename, architecture].join('-');
}
