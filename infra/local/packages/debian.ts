/**
 * Unpacks Debian and Ubuntu packages with everything they depend on into the cache. Nothing is installed: no root,
 * no change to the system, no service that starts. The programs run under the dynamic loader that was unpacked
 * with them, so that they may come from a newer release than the system's.
 */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type AptSource, archiveMirrors, parseDeb822Sources, parseOneLineSources } from './apt-sources.js';
import { exists } from './cache.js';
import { run } from './leash.js';
import { adoptAbsoluteLinks, writeLauncher } from './unpacked.js';

export interface System {
  readonly id: 'debian' | 'ubuntu';
  readonly codename: string;
  readonly architecture: string;
}

/** Undefined where there is no apt to unpack with. */
export async function detectSystem(): Promise<System | undefined> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(release)?.[1] ?? '';
  const id = [field('ID'), ...field('ID_LIKE').split(' ')].find((name) => name === 'debian' || name === 'ubuntu');
  if (id === undefined || !(await exists('/usr/bin/apt-get'))) return undefined;
  const codename = field('UBUNTU_CODENAME') || field('VERSION_CODENAME') || 'unreleased';
  return { id, codename, architecture: (await run('dpkg', ['--print-architecture'])).trim() };
}

/** The distribution's rolling suite, which has software that the release is too old for. */
const NEWEST_SUITE = { debian: 'sid', ubuntu: 'devel' };
const KEYRING = {
  debian: ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'],
  ubuntu: ['/usr/share/keyrings/ubuntu-archive-keyring.gpg'],
};

export interface UnpackOptions {
  readonly system: System;
  /** The release that the system runs, or the newest that its mirror has. */
  readonly suite: 'own' | 'newest';
  /** Which packages to unpack, given which version of each candidate the suite has. */
  choose(versions: ReadonlyMap<string, string>): readonly string[];
  readonly candidates: readonly string[];
  /** Executables to make runnable as `bin/<name>`, by their path in the packages. */
  readonly programs: readonly string[];
}

/** Leaves `root/` with the packages and `bin/` with the programs in the folder. */
export async function unpackPackages(folder: string, options: UnpackOptions): Promise<void> {
  const apt = await aptIn(path.join(folder, 'apt'), options);
  // One broken source among many is no obstacle; a missing package is, and then this is the reason.
  const update = await apt.get(['update']).then(
    () => undefined,
    (error: unknown) => error,
  );
  const packages = options.choose(await apt.versions(options.candidates));
  if (packages.length === 0) {
    const where = options.suite === 'own' ? options.system.codename : NEWEST_SUITE[options.system.id];
    throw new Error(`apt finds no fitting version of ${options.candidates.join(', ')} in ${where}`, { cause: update });
  }
  await apt.get(['install', '--yes', '--download-only', ...packages]);
  const root = path.join(folder, 'root');
  await mkdir(root);
  await extractAll(apt.archives, root);
  await rm(path.join(folder, 'apt'), { recursive: true });
  await adoptAbsoluteLinks(root);
  for (const program of options.programs) await writeLauncher(folder, program);
}

/** An apt that shares the system's sources, proxies and credentials, and none of its state. */
async function aptIn(folder: string, { system, suite }: UnpackOptions) {
  const archives = path.join(folder, 'archives');
  await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
  await mkdir(path.join(archives, 'partial'), { recursive: true });
  // No package counts as installed, so that every dependency comes along.
  await writeFile(path.join(folder, 'status'), '');
  const configFile = path.join(folder, 'apt.conf');
  let config = aptConfig(folder);
  if (suite === 'newest') {
    await writeFile(path.join(folder, 'sources.list'), await newestSuiteSources(system));
    config += newestSuiteConfig(folder);
  }
  await writeFile(configFile, config);
  const call = (command: string, args: readonly string[]) =>
    run(command, ['-c', configFile, ...args], { env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } });
  return {
    archives,
    get: (args: readonly string[]) => call('apt-get', ['--quiet', ...args]),
    versions: async (names: readonly string[]) => parsePolicy(await call('apt-cache', ['policy', ...names])),
  };
}

/** `#clear` takes out hooks that would act on the system's own state. */
function aptConfig(folder: string): string {
  return `
Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "archives";
Debug::NoLocking "true";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
}

/** The system's pins would keep the newer suite out. */
function newestSuiteConfig(folder: string): string {
  return `
Dir::Etc::SourceList "${folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
`;
}

async function newestSuiteSources(system: System): Promise<string> {
  const mirrors = archiveMirrors(await systemSources());
  const keyring = await firstExisting(KEYRING[system.id]);
  const lines = mirrors.map(({ uri, signedBy = keyring }) => {
    const option = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
    return `deb ${option}${uri} ${NEWEST_SUITE[system.id]} main${system.id === 'ubuntu' ? ' universe' : ''}\n`;
  });
  return lines.join('');
}

async function systemSources(): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => path.join(folder, name))];
  const parsed = files.map(async (file) => {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) return parseDeb822Sources(text);
    return file.endsWith('.list') ? parseOneLineSources(text) : [];
  });
  return (await Promise.all(parsed)).flat();
}

/** Reads `apt-cache policy`: a package's name at the line's start, its candidate version below. */
export function parsePolicy(output: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const match of output.matchAll(/^(?<name>\S+):\n(?: {2}.*\n)*? {2}Candidate: (?<version>\S+)/gm)) {
    const { name = '', version = '' } = match.groups ?? {};
    if (version !== '(none)') versions.set(name, version.replace(/^\d+:/, ''));
  }
  return versions;
}

async function extractAll(archives: string, root: string): Promise<void> {
  const queue = (await readdir(archives)).filter((name) => name.endsWith('.deb'));
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      await run('dpkg-deb', ['--extract', path.join(archives, name), root]);
    }
  });
  await Promise.all(workers);
}

async function firstExisting(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await exists(file)) return file;
  return undefined;
}
