import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../packages/cache.js';
import type { Java } from '../packages/java.js';
import type { Step } from '../server.js';
import { brokerProperties } from './kafka-properties.js';
import { run } from './leash.js';

export const KAFKA_VERSION = '4.1.1';

/** Pinned: Maven would otherwise take whatever is newest. */
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const POM = path.join(import.meta.dirname, 'kafka-pom.xml');

/** Any 16 bytes in base64 do, for the clusters of two sets never meet. */
const CLUSTER_ID = 'dW5zdGFsZS1sb2NhbC1rYQ';

export interface KafkaSoftware {
  readonly classPath: string;
  /** A formatted storage folder, to copy. */
  readonly dataTemplate: string;
}

export async function kafkaSoftware(java: Java, step: Step): Promise<KafkaSoftware> {
  const folder = await cached(`kafka-${KAFKA_VERSION}`, async (unfinished) => {
    await fetchJars(java, unfinished, step);
    await formatStorage(java, unfinished, step);
  });
  return softwareIn(folder);
}

function softwareIn(folder: string): KafkaSoftware {
  return { classPath: path.join(folder, 'libs', '*'), dataTemplate: path.join(folder, 'data') };
}

async function fetchJars(java: Java, folder: string, step: Step): Promise<void> {
  const maven = await java.maven();
  step.report(`fetching Kafka ${KAFKA_VERSION} with Maven`);
  // Maven's own repository would double what is kept, and a user without an entry in passwd has no place for it.
  const repository = path.join(folder, 'repository');
  const properties = {
    'kafka.version': KAFKA_VERSION,
    'maven.repo.local': repository,
    includeScope: 'runtime',
    outputDirectory: path.dirname(softwareIn(folder).classPath),
  };
  await maven([
    '--file',
    POM,
    COPY_GOAL,
    ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
  ]);
  await rm(repository, { recursive: true });
}

async function formatStorage(java: Java, folder: string, step: Step): Promise<void> {
  step.report('formatting its storage');
  const { classPath, dataTemplate } = softwareIn(folder);
  const propertiesFile = path.join(folder, 'format.properties');
  // The ports are not part of what is stored.
  await writeFile(propertiesFile, brokerProperties(dataTemplate, [1, 2]));
  const format = ['format', '--cluster-id', CLUSTER_ID, '--config', propertiesFile];
  const args = ['-cp', classPath, 'kafka.tools.StorageTool', ...format];
  await run({ file: java.file, args }, { signal: step.signal });
}
