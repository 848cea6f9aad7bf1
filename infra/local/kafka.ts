import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.js';
import { copyTemplate } from './copy-template.js';
import type { Java } from './java.js';
import { run } from './leash.js';
import type { PreparedServer } from './native-server.js';
import { probeKafka } from './probes.js';

const KAFKA_VERSION = '4.1.1';
/** Any 16 bytes in base64: the clusters of two sets never meet. */
const CLUSTER_ID = 'dW5zdGFsZS1sb2NhbC1rYQ';

const LOG4J_CONFIG = path.join(import.meta.dirname, 'kafka-log4j2.properties');

export interface KafkaFolders {
  readonly data: string;
  readonly propertiesFile: string;
}

export async function prepareKafka(
  java: Java,
  { data, propertiesFile }: KafkaFolders,
  report: (message: string) => void,
): Promise<PreparedServer> {
  const software = await cached(`kafka-${KAFKA_VERSION}`, (folder) => install(java, folder, report));
  const archive = path.join(await classArchive(java, software, report), 'kafka.jsa');
  await copyTemplate(path.join(software, 'data'), data);
  return {
    title: `Kafka ${KAFKA_VERSION}`,
    portCount: 2,
    async launch(ports) {
      await mkdir(path.dirname(propertiesFile), { recursive: true });
      await writeFile(propertiesFile, serverProperties(data, ports));
      return {
        file: java.file,
        args: ['-Xms256m', '-Xmx512m', `-XX:SharedArchiveFile=${archive}`, ...kafkaArgs(software), propertiesFile],
      };
    },
    probe: probeKafka,
  };
}

function kafkaArgs(software: string): string[] {
  return [`-Dlog4j2.configurationFile=${LOG4J_CONFIG}`, '-cp', classPath(software), 'kafka.Kafka'];
}

const classPath = (software: string) => path.join(software, 'libs', '*');

/** One node that is broker and controller, with everything replicated once. */
export function serverProperties(dataDir: string, [port = 0, controllerPort = 0]: readonly number[]): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    // A backslash starts an escape in this format.
    'log.dirs': dataDir.replaceAll('\\', '\\\\'),
    'auto.create.topics.enable': false,
    'num.partitions': 4,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A first consumer need not wait for others that may join.
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

async function install(java: Java, folder: string, report: (message: string) => void): Promise<void> {
  const pom = path.join(import.meta.dirname, 'kafka-pom.xml');
  const libs = path.join(folder, 'libs');
  const maven = await java.maven();
  report(`fetching Kafka ${KAFKA_VERSION} with Maven`);
  await maven([
    '-f',
    pom,
    `-Dkafka.version=${KAFKA_VERSION}`,
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${libs}`,
  ]);
  report('formatting its storage');
  const properties = path.join(folder, 'format.properties');
  const data = path.join(folder, 'data');
  await writeFile(properties, serverProperties(data, [1, 2]));
  await run(java.file, [
    '-cp',
    classPath(folder),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    properties,
  ]);
}

/**
 * Kafka's classes, loaded once and stored in the form in which Java has them in memory: a broker is up in half the
 * time. Java checks that the archive is its own and that of these files, and otherwise does without.
 */
function classArchive(java: Java, software: string, report: (message: string) => void): Promise<string> {
  return cached(`kafka-classes-${KAFKA_VERSION}-java-${java.build}`, async (folder) => {
    report('preparing a quicker start');
    const { startNativeServer } = await import('./native-server.js');
    const data = path.join(folder, 'data');
    await copyTemplate(path.join(software, 'data'), data);
    const propertiesFile = path.join(folder, 'training.properties');
    const archive = path.join(folder, 'kafka.jsa');
    const server = await startNativeServer({
      prepared: {
        title: 'Kafka (first run)',
        portCount: 2,
        async launch(ports) {
          await writeFile(propertiesFile, serverProperties(data, ports));
          return {
            file: java.file,
            args: ['-Xmx512m', `-XX:ArchiveClassesAtExit=${archive}`, ...kafkaArgs(software), propertiesFile],
          };
        },
        probe: probeKafka,
      },
      logFile: path.join(folder, 'training.log'),
      signal: new AbortController().signal,
      onLost: () => undefined,
    });
    await server.kill('SIGTERM');
    await rename(archive, archive);
  });
}
