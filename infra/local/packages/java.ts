import path from 'node:path';
import { run } from './leash.js';
import { type Wanted, findProgram, searchPath } from './program.js';
import type { Report } from './software.js';

export interface Java {
  readonly file: string;
  /** Tells builds apart, for what only this build can read. */
  readonly build: string;
  /** Runs Maven with the given arguments. */
  maven(): Promise<(args: readonly string[]) => Promise<void>>;
}

const JAVA: Wanted = {
  name: 'java',
  versionArgs: ['-version'],
  versionIn: (output) => /version "([^"]+)"/.exec(output)?.[1],
  versionMin: '17',
};

const MAVEN: Wanted = {
  name: 'mvn',
  versionArgs: ['-version'],
  versionIn: (output) => /Maven (\d[\d.]*)/.exec(output)?.[1],
  versionMin: '3.3',
};

export async function findJava(_report: Report): Promise<Java> {
  const home = process.env.JAVA_HOME;
  const folders = [...(home === undefined ? [] : [path.join(home, 'bin')]), ...searchPath()];
  const java = await findProgram(JAVA, folders);
  if (java === undefined) throw new Error('Java 17 is missing');
  return {
    file: java.file,
    build: java.version,
    async maven() {
      const mvn = await findProgram(MAVEN);
      if (mvn === undefined) throw new Error('Maven is missing');
      return async (args) => {
        await run(mvn.file, ['--batch-mode', '--quiet', ...args]);
      };
    },
  };
}
