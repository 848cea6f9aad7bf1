import { X509Certificate, createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parsePolicy } from '../../../infra/local/packages/apt.js';
import {
  archiveMirrors,
  parseDeb822Sources,
  parseOneLineSources,
} from '../../../infra/local/packages/apt-sources.js';
import { cached } from '../../../infra/local/packages/cache.js';
import { javaChoice } from '../../../infra/local/packages/java.js';
import { isAtLeast } from '../../../infra/local/packages/program.js';
import { adoptAbsoluteLinks, writeLauncher } from '../../../infra/local/packages/relocate.js';
import { mysqlChoice } from '../../../infra/local/packages/software.js';
import { cacheName, parseOsRelease } from '../../../infra/local/packages/system.js';
import { javaTrustStore, splitPems } from '../../../infra/local/packages/trust-store.js';

const folders: string[] = [];

async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'unstale-packages-'));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

describe("apt's sources", () => {
  test('in one line are read with and without options', () => {
    const text = [
      '# deb http://commented.test/debian bookworm main',
      'deb http://mirror.test/debian bookworm main contrib # the mirror',
      'deb [arch=amd64 signed-by=/keys/a.gpg] https://other.test/debian bookworm stable',
      'deb-src http://mirror.test/debian bookworm main',
    ].join('\n');

    expect(parseOneLineSources(text)).toEqual([
      { uri: 'http://mirror.test/debian', suite: 'bookworm', components: ['main', 'contrib'] },
      {
        uri: 'https://other.test/debian',
        suite: 'bookworm',
        components: ['stable'],
        signedBy: '/keys/a.gpg',
      },
    ]);
  });

  test('in paragraphs stand for every pair of their URIs and suites', () => {
    const text = `Types: deb deb-src
# the mirror
URIs: http://mirror.test/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /keys/debian.pgp

Types: deb
URIs: http://off.test/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://sources.test/debian
Suites: trixie
Components: main
`;
    const common = { uri: 'http://mirror.test/debian', components: ['main'], signedBy: '/keys/debian.pgp' };
    expect(parseDeb822Sources(text)).toEqual([
      { ...common, suite: 'trixie' },
      { ...common, suite: 'trixie-updates' },
    ]);
  });

  test('that hold the key itself count as naming no keyring', () => {
    const text = `Types: deb
URIs: http://mirror.test/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS
 -----END PGP PUBLIC KEY BLOCK-----
`;
    expect(parseDeb822Sources(text)).toEqual([
      { uri: 'http://mirror.test/debian', suite: 'trixie', components: ['main'] },
    ]);
  });

  test('name a mirror once, and not for its security updates or without main', () => {
    const source = (uri: string, suite: string, component = 'main') => ({
      uri,
      suite,
      components: [component],
    });
    const mirrors = archiveMirrors([
      source('http://a.test/debian', 'bookworm'),
      source('http://a.test/debian', 'bookworm-updates'),
      source('http://b.test/debian-security', 'bookworm-security'),
      source('http://c.test/linux', 'bookworm', 'stable'),
    ]);
    expect(mirrors.map(({ uri }) => uri)).toEqual(['http://a.test/debian']);
  });
});

describe('which packages to take', () => {
  test('goes by the candidates of apt-cache policy, without their epochs', () => {
    const output = `redis-server:
  Installed: (none)
  Candidate: 5:7.0.15-1~deb12u10
  Version table:
     5:7.0.15-1~deb12u10 500
        500 http://mirror.test/debian bookworm/main amd64 Packages
maven:
  Installed: (none)
  Candidate: (none)
  Version table:
`;
    expect(parsePolicy(output)).toEqual(new Map([['redis-server', '7.0.15-1~deb12u10']]));
  });

  test('is, of MySQL, the first that is new enough', () => {
    const { choose } = mysqlChoice({ id: 'ubuntu' });
    expect(choose(new Map([['mysql-server-core-8.0', '8.0.36-2ubuntu3']]))).toBeUndefined();
    expect(choose(new Map([['mysql-server-core-8.4', '8.4.7-0ubuntu1']]))?.packages).toEqual([
      'mysql-server-core-8.4',
    ]);
  });

  test('is, of Java, the best release that there is', () => {
    const { choose } = javaChoice({ architecture: 'arm64' });
    const versions = new Map([
      ['openjdk-17-jre-headless', '17.0.15'],
      ['openjdk-25-jre-headless', '25.0.1'],
      ['maven', '3.8.7'],
    ]);
    expect(choose(versions)).toEqual({
      packages: ['openjdk-17-jre-headless', 'maven'],
      programs: ['usr/lib/jvm/java-17-openjdk-arm64/bin/java'],
    });
  });

  test.each([
    ['9.7.4-2', '8.4', true],
    ['8.4.0', '8.4', true],
    ['8.0.36-2ubuntu3', '8.4', false],
    ['21.0.3', '17', true],
    ['1.8.0_402', '17', false],
    ['10.1', '9.7', true],
    ['unknown', '6.2', false],
  ])('finds that %s is at least %s: %s', (version, versionMin, expected) => {
    expect(isAtLeast(version, versionMin)).toBe(expected);
  });

  test('goes by the system, also on one that is derived from another', () => {
    const debian = parseOsRelease('ID=debian\nVERSION_CODENAME=bookworm\n');
    expect(debian).toEqual({ id: 'debian', codename: 'bookworm' });
    const mint = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n';
    expect(parseOsRelease(mint)).toEqual({ id: 'ubuntu', codename: 'noble' });
    expect(parseOsRelease('ID=fedora\n')).toBeUndefined();
    expect(cacheName('java', { id: 'debian', codename: 'bookworm', architecture: 'arm64' })).toBe(
      'java-debian-bookworm-arm64',
    );
  });
});

describe('unpacked packages', () => {
  test('have their absolute links lead to what was unpacked, and leave the others alone', async () => {
    const root = await scratchFolder();
    await mkdir(path.join(root, 'etc/maven'), { recursive: true });
    await mkdir(path.join(root, 'usr/share/maven'), { recursive: true });
    await symlink('/etc/maven', path.join(root, 'usr/share/maven/conf'));
    await symlink('/etc/not-unpacked', path.join(root, 'usr/share/maven/other'));

    await adoptAbsoluteLinks(root);

    expect(await readlink(path.join(root, 'usr/share/maven/conf'))).toBe('../../../etc/maven');
    expect(await readlink(path.join(root, 'usr/share/maven/other'))).toBe('/etc/not-unpacked');
  });

  test.each(['x86_64-linux-gnu/ld-linux-x86-64.so.2', 'aarch64-linux-gnu/ld-linux-aarch64.so.1'])(
    'start with their own loader, lib/%s',
    async (loader) => {
      const folder = await scratchFolder();
      const file = path.join(folder, 'root/lib', loader);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, '');

      await writeLauncher(folder, 'usr/bin/redis-server');

      const architecture = path.dirname(loader);
      expect(await readFile(path.join(folder, 'bin/redis-server'), 'utf8')).toContain(
        `exec "$root/lib/${loader}" --library-path "$root/usr/lib/${architecture}:$root/lib/${architecture}" ` +
          '"$root/usr/bin/redis-server" "$@"\n',
      );
    },
  );

  test('get a trust store that holds every certificate under a name of its own', () => {
    const pems = splitPems(rootCertificates.slice(0, 3).join('\n'));
    const store = javaTrustStore(pems);

    expect(store.subarray(0, 12).toString('hex')).toBe('feedfeed0000000200000003');
    for (const pem of pems) expect(store.includes(new X509Certificate(pem).raw)).toBe(true);
    const password = Buffer.from('\0c\0h\0a\0n\0g\0e\0i\0t');
    const content = store.subarray(0, -20);
    const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(content).digest();
    expect(store.subarray(-20)).toEqual(digest);
  });
});

describe('the cache', () => {
  test('builds once what is asked for again', async () => {
    vi.stubEnv('XDG_CACHE_HOME', await scratchFolder());
    const build = vi.fn((folder: string) => writeFile(path.join(folder, 'file'), 'content'));

    await cached('thing-1', build);
    const folder = await cached('thing-1', build);

    expect(build).toHaveBeenCalledOnce();
    expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('content');
  });

  test('stays whole when several build the same at once', async () => {
    vi.stubEnv('XDG_CACHE_HOME', await scratchFolder());
    const build = (folder: string) => writeFile(path.join(folder, 'file'), 'content');

    const built = await Promise.all(Array.from({ length: 8 }, () => cached('thing-1', build)));

    expect(new Set(built).size).toBe(1);
    expect(await readFile(path.join(built[0] ?? '', 'file'), 'utf8')).toBe('content');
  });

  test('keeps nothing of a build that failed', async () => {
    vi.stubEnv('XDG_CACHE_HOME', await scratchFolder());
    await expect(cached('thing-1', () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    );

    const build = vi.fn(() => Promise.resolve());
    await cached('thing-1', build);

    expect(build).toHaveBeenCalledOnce();
  });
});
