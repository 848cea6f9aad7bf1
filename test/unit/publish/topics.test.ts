import { describe, expect, test } from 'vitest';
import { checkpointTopic, demandSafeTopic, messageTopic } from '../../../src/publish/topics.js';

describe('an existing topic', () => {
  const spec = messageTopic('mysql_updates', 12);

  test('as we would make it is accepted', () => {
    expect(() => {
      demandSafeTopic(spec, { partitions: 12, settings: spec.settings });
    }).not.toThrow();
  });

  test.each([
    ['cleanup.policy', 'compact', 'delete'],
    ['retention.ms', '3600000', '604800000'],
    ['retention.bytes', '1000000', '-1'],
    ['unclean.leader.election.enable', 'true', 'false'],
  ])('with %s = %s is refused, with the command that mends it', (setting, value, safe) => {
    const settings = { ...spec.settings, [setting]: value };
    expect(() => {
      demandSafeTopic(spec, { partitions: 12, settings });
    }).toThrow(
      `${setting} is ${value}. Mend it: kafka-configs.sh --alter --entity-type topics --entity-name mysql_updates --add-config ${setting}=${safe}`,
    );
  });

  test('with unlimited retention is accepted', () => {
    expect(() => {
      demandSafeTopic(spec, { partitions: 12, settings: { ...spec.settings, 'retention.ms': '-1' } });
    }).not.toThrow();
  });

  test('with another number of partitions is refused, since rows would change theirs', () => {
    expect(() => {
      demandSafeTopic(spec, { partitions: 6, settings: spec.settings });
    }).toThrow('Set kafka.partitions to 6');
  });

  test('for checkpoints must be compacted, or the checkpoint expires', () => {
    expect(() => {
      demandSafeTopic(checkpointTopic('shop'), { partitions: 1, settings: { 'cleanup.policy': 'delete' } });
    }).toThrow('cleanup.policy is delete');
  });
});
