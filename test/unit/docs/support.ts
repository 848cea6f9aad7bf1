import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export const inRepository = (name: string): string =>
  fileURLToPath(new URL(`../../../${name}`, import.meta.url));

export const textOf = (name: string): Promise<string> => readFile(inRepository(name), 'utf8');

/** Values for every `${NAME}` that an example reads, whatever stands there in the end. */
export const exampleEnvironment: Readonly<Record<string, string>> = {
  MYSQL_URL: 'mysql://unstale:secret@mysql:3306',
  MYSQL_PASSWORD: 'secret',
  KAFKA_BROKER: 'kafka:9092',
  CACHE_URL: 'redis://cache:6379/0',
  QUEUE_URL: 'redis://queue:6379/0',
};
