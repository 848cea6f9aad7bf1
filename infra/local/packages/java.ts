import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { run } from '../native/leash.js';
import type { Step } from '../server.js';
import { cached } from './cache.js';
import { type Program, type Wanted, findProgram, inspect, searchPath } from './program.js';
import { adoptAbsoluteLinks } from './relocate.js';
import { type System, cacheName, requireSystem } from './system.js';
import { javaTrustStore, splitPems } from './trust-store.js';
import { type PackageChoice, unpackPackages } from './unpack.js';

export interface Java extends Program {
  /** Finds Maven, and returns what runs it with the given arguments. */
  maven(): Promise<(args: readonly string[]) => Promise<void>>;
}

const JAVA: Wanted = {
  name: 'java',
  versionArgs: ['-version'],
  versionMin: '17',
  versionIn: (output) => /version "([^"]+)"/.exec(output)?.[1],
};

const MAVEN: Wanted = {
  name: 'mvn',
  versionArgs: ['--version'],
  versionMin: '3.6',
  versionIn: (output) => /Maven (\d[\d.]*)/.exec(output)?.[1],
};

/** Those that Kafka supports and that live longest, the best first. */
const JAVA_RELEASES = [21, 17, 25];

export async function findJava(step: Step): Promise<Java> {
  const { JAVA_HOME: home = '' } = process.env;
  const folders = home === '' ? searchPath() : [path.join(home, 'bin'), ...searchPath()];
  const java = (await findProgram(JAVA, folders)) ?? (await unpackedJava(step));
  return { ...java, maven: () => findMaven(java, step) };
}

async function findMaven(java: Program, step: Step) {
  const found = await findProgram(MAVEN, searchPath());
  const file = found?.file ?? path.join(await javaFolder(step), 'root/usr/share/maven/bin/mvn');
  // Maven looks for bin/java below this; for what we unpacked, that is the launcher.
  const env = { JAVA_HOME: path.dirname(path.dirname(java.file)) };
  return async (args: readonly string[]) => {
    await run({ file, args: ['--batch-mode', '--quiet', ...args] }, { signal: step.signal, env });
  };
}

async function unpackedJava(step: Step): Promise<Program> {
  const folder = await javaFolder(step);
  const program = await inspect(path.join(folder, 'bin/java'), JAVA);
  if (program !== undefined) return program;
  throw new Error(`Java in ${folder} does not run. Delete that folder to have it fetched anew.`);
}

/** Java and Maven together, for Debian's Maven brings a Java in any case. */
async function javaFolder(step: Step): Promise<string> {
  const system = await requireSystem('java with mvn', step);
  return cached(cacheName('java', system), async (unfinished) => {
    step.report(`fetching Java and Maven from the packages of ${system.id}`);
    await unpackPackages(unfinished, system, javaChoice(system), step.signal);
    await finishInstallation(unfinished, step);
  });
}

export function javaChoice({ architecture }: Pick<System, 'architecture'>): PackageChoice {
  const packageOf = (release: number) => `openjdk-${release}-jre-headless`;
  return {
    suites: ['own'],
    candidates: [...JAVA_RELEASES.map(packageOf), 'maven'],
    choose(versions) {
      const release = JAVA_RELEASES.find((candidate) => versions.has(packageOf(candidate)));
      if (release === undefined || !versions.has('maven')) return undefined;
      return {
        packages: [packageOf(release), 'maven'],
        programs: [`usr/lib/jvm/java-${release}-openjdk-${architecture}/bin/java`],
      };
    },
  };
}

/** What the packages' own scripts would do: an archive of Java's own classes, and the certificates to trust. */
async function finishInstallation(folder: string, { signal }: Step): Promise<void> {
  const root = path.join(folder, 'root');
  await mkdir(path.join(root, path.dirname(TRUST_STORE)), { recursive: true });
  await writeFile(path.join(root, TRUST_STORE), javaTrustStore(await trustedCertificates()));
  await adoptAbsoluteLinks(root);
  await run({ file: path.join(folder, 'bin/java'), args: ['-Xshare:dump'] }, { signal });
}

/** Java's own folder has a link to it. */
const TRUST_STORE = 'etc/ssl/certs/java/cacerts';

/** The machine's, which may have some of its own; a bare machine has none, but Node.js has. */
async function trustedCertificates(): Promise<readonly string[]> {
  const machines = await readPems('/etc/ssl/certs/ca-certificates.crt');
  const extra = await readPems(process.env.NODE_EXTRA_CA_CERTS ?? '');
  return [...(machines.length > 0 ? machines : rootCertificates), ...extra];
}

async function readPems(file: string): Promise<string[]> {
  return splitPems(await readFile(file, 'utf8').catch(() => ''));
}
