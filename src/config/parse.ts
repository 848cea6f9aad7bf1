/**
 * In: the text of a configuration file, and where `${}` takes its values from. Out: the configuration, complete
 * and checked, or one error that lists everything that is wrong with it. Pure.
 */
import { UnstaleError } from '../errors.js';
import type { ExpandSources } from './expand.js';
import { problemsOf, type Problem } from './problems.js';
import { configSchema, type Config } from './schema.js';
import { warningsOf } from './warnings.js';
import { readYaml } from './yaml-source.js';

export interface ParseOptions {
  readonly env: ExpandSources['env'];
  /** Reads the file of a `${file:PATH}`; throws if it cannot. */
  readonly readSecret?: ExpandSources['readSecret'];
  /** How messages call the file. */
  readonly fileName?: string;
}

/** @throws UnstaleError CONFIG_INVALID, listing all problems */
export function parseConfig(text: string, options: ParseOptions): Config {
  const { env, readSecret = noSecrets, fileName = 'unstale.yaml' } = options;
  const source = readYaml(text, { env, readSecret });
  const problems: Problem[] = source.problems.map((problem) => ({ path: '', ...problem }));
  if (source.data === undefined) throw configError(fileName, problems);
  if (source.data === null)
    throw configError(fileName, [{ path: '', line: 1, column: 1, message: 'the file is empty' }]);
  const parsed = configSchema.safeParse(source.data);
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, source));
  if (!parsed.success || problems.length > 0) throw configError(fileName, problems);
  return { ...parsed.data, warnings: warningsOf(parsed.data) };
}

function configError(fileName: string, problems: readonly Problem[]): UnstaleError {
  const lines = problems
    .toSorted((one, other) => one.line - other.line || one.column - other.column)
    .map(
      ({ path, line, column, message }) =>
        `  ${fileName}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`,
    );
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new UnstaleError('CONFIG_INVALID', `The configuration has ${count}:\n${lines.join('\n')}`);
}

function noSecrets(): never {
  throw new Error('files are not read here');
}
