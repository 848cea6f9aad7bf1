import type { Java } from '../packages/java.js';
import type { Step } from '../server.js';
import { copyTemplate } from './copy-template.js';
import { type KafkaFolders, kafkaBroker } from './kafka-broker.js';
import { classArchive } from './kafka-classes.js';
import { kafkaSoftware } from './kafka-software.js';
import type { PreparedServer } from './native-server.js';

export async function prepareKafka(java: Java, folders: KafkaFolders, step: Step): Promise<PreparedServer> {
  const software = await kafkaSoftware(java, step);
  const archive = await classArchive(java, software, step);
  await copyTemplate(software.dataTemplate, folders.data, step.signal);
  return kafkaBroker({ java, software, folders, javaArgs: [`-XX:SharedArchiveFile=${archive}`] });
}
