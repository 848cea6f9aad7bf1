import { parseConfig, type ParseOptions } from '../../../src/config/parse.js';
import { UnstaleError } from '../../../src/errors.js';

/** The least that a configuration can be, by top-level field. */
export const least: Readonly<Record<string, string>> = {
  name: 'shop',
  mysql: '{ url: mysql://cdc:pw@127.0.0.1:3306, serverId: 40017 }',
  kafka: '{ brokers: ["127.0.0.1:9092"] }',
  redis: '{ url: redis://127.0.0.1:6379/0 }',
  queue: '{ url: redis://127.0.0.1:6380/0 }',
  tables: '{ shop.products: { keys: ["product:{id}"] } }',
};

/** The least configuration with some of its fields replaced, as YAML. */
export const yamlWith = (fields: Readonly<Record<string, string>>): string =>
  Object.entries({ ...least, ...fields })
    .map(([name, text]) => `${name}: ${text}\n`)
    .join('');

export const parse = (text: string, options: Partial<ParseOptions> = {}) =>
  parseConfig(text, { env: {}, ...options });
export const parseWith = (fields: Readonly<Record<string, string>>, options?: Partial<ParseOptions>) =>
  parse(yamlWith(fields), options);

/** The problems of a configuration, one a line, without the heading. */
export function problemsIn(text: string, options?: Partial<ParseOptions>): string[] {
  try {
    parse(text, options);
    return [];
  } catch (error) {
    if (!(error instanceof UnstaleError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
}

export const problemsWith = (
  fields: Readonly<Record<string, string>>,
  options?: Partial<ParseOptions>,
): string[] => problemsIn(yamlWith(fields), options);
