import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, UnstaleError } from '../errors.js';
import { parseConfig, type ParseOptions } from './parse.js';
import type { Config } from './schema.js';

export interface LoadOptions {
  readonly path: string;
  /** The environment; nothing else in the program reads it. */
  readonly env: ParseOptions['env'];
}

/**
 * Reads and checks the configuration file. Paths of `${file:PATH}` are relative to it.
 * @throws UnstaleError CONFIG_INVALID, listing all problems
 */
export async function loadConfig({ path, env }: LoadOptions): Promise<Config> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const what = `The configuration file ${path} cannot be read`;
    throw new UnstaleError('CONFIG_INVALID', `${what} (${messageOf(cause)}). Name another with -c.`, {
      cause,
    });
  });
  const folder = dirname(resolve(path));
  return parseConfig(text, {
    env,
    fileName: path,
    readSecret: (name) => readFileSync(resolve(folder, name), 'utf8'),
  });
}
