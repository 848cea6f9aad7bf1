import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Java } from '../packages/java.js';
import { probeKafka } from '../probes.js';
import { brokerProperties } from './kafka-properties.js';
import { KAFKA_VERSION, type KafkaSoftware } from './kafka-software.js';
import type { PreparedServer } from './native-server.js';

const LOG_CONFIG = path.join(import.meta.dirname, 'kafka-log4j2.properties');
const HEAP = ['-Xms256m', '-Xmx512m'];

export interface KafkaFolders {
  /** A formatted storage folder. */
  readonly data: string;
  readonly propertiesFile: string;
}

interface BrokerOptions {
  readonly java: Java;
  readonly software: KafkaSoftware;
  readonly folders: KafkaFolders;
  readonly javaArgs: readonly string[];
}

export function kafkaBroker({ java, software, folders, javaArgs }: BrokerOptions): PreparedServer {
  return {
    title: `Kafka ${KAFKA_VERSION}`,
    portCount: 2,
    async launch(ports) {
      await mkdir(path.dirname(folders.propertiesFile), { recursive: true });
      await writeFile(folders.propertiesFile, brokerProperties(folders.data, ports));
      const args = [`-Dlog4j2.configurationFile=${LOG_CONFIG}`, '-cp', software.classPath, 'kafka.Kafka'];
      return { file: java.file, args: [...HEAP, ...javaArgs, ...args, folders.propertiesFile] };
    },
    probe: probeKafka,
  };
}
