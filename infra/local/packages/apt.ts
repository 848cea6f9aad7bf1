/** An apt that shares the system's sources, proxies and credentials, and none of its state. Needs no root. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../native/leash.js';
import { type AptSource, archiveMirrors, parseDeb822Sources, parseOneLineSources } from './apt-sources.js';
import { exists } from './cache.js';
import type { System } from './system.js';

/** The release that the system runs, or the distribution's rolling one, whose software is the newest. */
export type Suite = 'own' | 'newest';

const NEWEST_SUITE = { debian: 'sid main', ubuntu: 'devel main universe' };

/** For a source that names no keyring. */
const KEYRINGS = {
  debian: [
    '/usr/share/keyrings/debian-archive-keyring.gpg',
    '/usr/share/keyrings/debian-archive-keyring.pgp',
  ],
  ubuntu: ['/usr/share/keyrings/ubuntu-archive-keyring.gpg'],
};

export interface Apt {
  /** Undefined if all lists arrived. One broken source among several is no obstacle to the packages of the others. */
  update(): Promise<unknown>;
  /** The version of each package that could be installed, without the epoch. */
  versions(names: readonly string[]): Promise<Map<string, string>>;
  /** Fetches packages and all they depend on; returns the .deb files. */
  download(names: readonly string[]): Promise<string[]>;
}

export async function createApt(
  folder: string,
  system: System,
  suite: Suite,
  signal: AbortSignal,
): Promise<Apt> {
  const archives = path.join(folder, 'archives');
  await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
  await mkdir(path.join(archives, 'partial'), { recursive: true });
  // Nothing counts as installed, so that every dependency comes along.
  await writeFile(path.join(folder, 'status'), '');
  const configFile = path.join(folder, 'apt.conf');
  await writeFile(configFile, aptConfig(folder, suite));
  if (suite === 'newest')
    await writeFile(path.join(folder, 'sources.list'), await newestSuiteSources(system));
  const call = (file: string, ...args: readonly string[]) =>
    run({ file, args: ['--config-file', configFile, ...args] }, { signal, env: { LC_ALL: 'C' } });
  return {
    update: () =>
      call('apt-get', '--quiet', 'update').then(
        () => undefined,
        (error: unknown) => error,
      ),
    versions: async (names) => parsePolicy(await call('apt-cache', 'policy', ...names)),
    async download(names) {
      await call('apt-get', '--quiet', '--yes', '--download-only', 'install', ...names);
      const files = await readdir(archives);
      return files.filter((file) => file.endsWith('.deb')).map((file) => path.join(archives, file));
    },
  };
}

/** Its usual user could not write here. `#clear` removes hooks that would act on the system's own state. */
function aptConfig(folder: string, suite: Suite): string {
  const common = `
Dir::State::Lists "${folder}/lists";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}";
Dir::Cache::archives "archives";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`;
  if (suite === 'own') return common;
  // The system's pins would keep a newer suite out.
  return `${common}
Dir::Etc::SourceList "${folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
`;
}

async function newestSuiteSources({ id }: System): Promise<string> {
  const keyring = await firstExisting(KEYRINGS[id]);
  const lines = archiveMirrors(await systemSources()).map(({ uri, signedBy = keyring }) => {
    const option = signedBy === undefined ? '' : `[signed-by=${signedBy}] `;
    return `deb ${option}${uri} ${NEWEST_SUITE[id]}\n`;
  });
  if (lines.length === 0)
    throw new Error(`/etc/apt names no mirror of ${id}, so its packages cannot be fetched`);
  return lines.join('');
}

async function systemSources(): Promise<AptSource[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const files = ['/etc/apt/sources.list', ...names.map((name) => path.join(folder, name))];
  const parsed = files.map(async (file) => {
    // A source that we may not read is one that apt may not use either.
    const text = await readFile(file, 'utf8').catch(() => '');
    if (file.endsWith('.sources')) return parseDeb822Sources(text);
    return file.endsWith('.list') ? parseOneLineSources(text) : [];
  });
  return (await Promise.all(parsed)).flat();
}

/** Reads `apt-cache policy`: a package's name where a line begins, its candidate version below. */
export function parsePolicy(output: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const match of output.matchAll(/^(?<name>\S+):\n(?: {2}.*\n)*? {2}Candidate: (?<version>\S+)/gm)) {
    const { name = '', version = '' } = match.groups ?? {};
    if (version !== '(none)') versions.set(name, version.replace(/^\d+:/, ''));
  }
  return versions;
}

async function firstExisting(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await exists(file)) return file;
  return undefined;
}
