import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Java } from '../packages/java.js';
import { probeKafka } from '../probes.js';
import type { Step } from '../server.js';
import { copyTemplate } from './copy-template.js';
import { KAFKA_VERSION, type KafkaSoftware, installKafka } from './kafka-install.js';
import { serverProperties } from './kafka-properties.js';
import type { PreparedServer } from './native-server.js';

const HEAP = ['-Xms256m', '-Xmx512m'];

export interface KafkaFolders {
  readonly data: string;
  readonly propertiesFile: string;
}

export async function prepareKafka(java: Java, folders: KafkaFolders, step: Step): Promise<PreparedServer> {
  const software = await installKafka(java, step, (kafka, scratch, trainingArgs) =>
    prepared(kafka, { data: path.join(scratch, 'data'), propertiesFile: path.join(scratch, 'kafka.properties') }, {
      step,
      javaArgs: trainingArgs,
    }),
  );
  return prepared(software, folders, { step, javaArgs: [`-XX:SharedArchiveFile=${software.classArchive}`] });
}

interface Details {
  readonly step: Step;
  readonly javaArgs: readonly string[];
}

async function prepared(
  { java, libs, dataTemplate }: KafkaSoftware,
  { data, propertiesFile }: KafkaFolders,
  { step, javaArgs }: Details,
): Promise<PreparedServer> {
  await copyTemplate(dataTemplate, data, step.signal);
  await mkdir(path.dirname(propertiesFile), { recursive: true });
  return {
    title: `Kafka ${KAFKA_VERSION}`,
    portCount: 2,
    async launch(ports) {
      await writeFile(propertiesFile, serverProperties(data, ports));
      return { file: java.file, args: [...HEAP, ...javaArgs, ...libs, 'kafka.Kafka', propertiesFile] };
    },
    probe: probeKafka,
  };
}
