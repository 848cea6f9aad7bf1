import path from 'node:path';
import { cached } from '../packages/cache.js';
import type { Java } from '../packages/java.js';
import type { Step } from '../server.js';
import { copyTemplate } from './copy-template.js';
import { kafkaBroker } from './kafka-broker.js';
import { KAFKA_VERSION, type KafkaSoftware } from './kafka-software.js';
import { startNativeServer } from './native-server.js';

/**
 * Kafka's classes in the form in which Java has them in memory, written down at the end of a first run: with them
 * a broker is ready in about half the time. Java does without if the file is missing or another build's, so nothing
 * here need be checked.
 */
export async function classArchive(java: Java, software: KafkaSoftware, step: Step): Promise<string> {
  const folder = await cached(`kafka-${KAFKA_VERSION}-classes-java-${java.version}`, async (unfinished) => {
    step.report('preparing quicker starts');
    const folders = {
      data: path.join(unfinished, 'data'),
      propertiesFile: path.join(unfinished, 'kafka.properties'),
    };
    await copyTemplate(software.dataTemplate, folders.data, step.signal);
    const javaArgs = [`-XX:ArchiveClassesAtExit=${path.join(unfinished, ARCHIVE)}`];
    const server = await startNativeServer(kafkaBroker({ java, software, folders, javaArgs }), {
      logFile: path.join(unfinished, 'kafka.log'),
      signal: step.signal,
      onLost: () => undefined,
    });
    await server.kill('SIGTERM');
  });
  return path.join(folder, ARCHIVE);
}

const ARCHIVE = 'kafka.jsa';
