import { UnstaleError } from '../errors.js';

/** A topic as we make it, and what an existing one must be like. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly dangers: readonly SettingDanger[];
}

interface SettingDanger {
  readonly setting: string;
  readonly isSafe: (value: string) => boolean;
  /** What the setting has to be, for the error and for the command that mends it. */
  readonly safe: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS = 7 * DAY_MS;
/** Room for a wide row; Kafka's default of 1 MB would stop the tail at the first larger one. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

const noUncleanElection: SettingDanger = {
  setting: 'unclean.leader.election.enable',
  isSafe: (value) => value !== 'true',
  safe: 'false',
};

/** Messages that wait for consumers: nothing may leave it before its time. */
export function messageTopic(name: string, partitions: number): TopicSpec {
  return {
    name,
    partitions,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(RETENTION_MS),
      'retention.bytes': '-1',
      'max.message.bytes': String(MESSAGE_BYTES_MAX),
      'unclean.leader.election.enable': 'false',
    },
    dangers: [
      { setting: 'cleanup.policy', isSafe: (value) => value === 'delete', safe: 'delete' },
      {
        setting: 'retention.ms',
        isSafe: (value) => Number(value) === -1 || Number(value) >= DAY_MS,
        safe: String(RETENTION_MS),
      },
      { setting: 'retention.bytes', isSafe: (value) => Number(value) === -1, safe: '-1' },
      noUncleanElection,
    ],
  };
}

/** Its records are the original messages and some headers more. */
export function deadLetterTopic(name: string): TopicSpec {
  const spec = messageTopic(name, 1);
  const bytesMax = MESSAGE_BYTES_MAX + 1024 * 1024;
  return { ...spec, settings: { ...spec.settings, 'max.message.bytes': String(bytesMax) } };
}

export function checkpointTopic(name: string): TopicSpec {
  return {
    name: `${name}.checkpoint`,
    partitions: 1,
    settings: { 'cleanup.policy': 'compact', 'unclean.leader.election.enable': 'false' },
    dangers: [
      { setting: 'cleanup.policy', isSafe: (value) => value === 'compact', safe: 'compact' },
      noUncleanElection,
    ],
  };
}

/** What is found of a topic that exists already. */
export interface FoundTopic {
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** @throws UnstaleError KAFKA_TOPIC_UNSAFE with every setting that could lose messages, and the command that mends it */
export function demandSafeTopic(spec: TopicSpec, found: FoundTopic): void {
  const problems = spec.dangers.flatMap(({ setting, isSafe, safe }) => {
    const value = found.settings[setting];
    return value === undefined || isSafe(value)
      ? []
      : [{ text: `${setting} is ${value}`, mend: `${setting}=${safe}` }];
  });
  if (problems.length > 0) {
    const mend = problems.map((problem) => problem.mend).join(',');
    throw new UnstaleError(
      'KAFKA_TOPIC_UNSAFE',
      `Topic ${spec.name} could lose messages: ${problems.map(({ text }) => text).join(', ')}. Mend it: ` +
        `kafka-configs.sh --alter --entity-type topics --entity-name ${spec.name} --add-config ${mend}`,
    );
  }
  if (found.partitions !== spec.partitions) {
    throw new UnstaleError(
      'KAFKA_TOPIC_UNSAFE',
      `Topic ${spec.name} has ${found.partitions} partitions, but ${spec.partitions} are configured, and the changes of ` +
        `a row must stay in one partition. Set kafka.partitions to ${found.partitions}, or use another topic.`,
    );
  }
}
