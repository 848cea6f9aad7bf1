import type { RowDataPacket } from 'mysql2/promise';
import { readTopic } from './topic.js';
import { until } from './until.js';
import type { World } from './world.js';

/** By what the deleting group has committed, not by what a process says. */
export async function messagesBehind({ kafka, topic, id }: World): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [committed] = await admin.fetchOffsets({ groupId: `${id}-group`, topics: [topic] });
    const offsets = new Map(
      committed?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
    );
    const ends = await admin.fetchTopicOffsets(topic);
    return ends.reduce(
      (sum, { partition, high }) => sum + Number(high) - Math.max(0, offsets.get(partition) ?? 0),
      0,
    );
  } finally {
    await admin.disconnect();
  }
}

/** Resolves when the checkpoint covers all that is committed now and every message is handled for good. */
export async function untilDone(world: World): Promise<void> {
  const { kafka, sql, id } = world;
  const ask = async (question: string, values: unknown[] = []): Promise<unknown> =>
    (await sql.query<RowDataPacket[]>(`SELECT ${question} AS answer`, values))[0][0]?.answer;
  const executed = await ask('@@global.gtid_executed');
  const isCovered = async (): Promise<boolean> => {
    const newest = (await readTopic(kafka, `${id}.checkpoint`)).at(-1)?.value?.toString() ?? '{}';
    const { position } = JSON.parse(newest) as { position?: { gtidSet?: string } };
    return (await ask('GTID_SUBSET(?, ?)', [executed, position?.gtidSet ?? ''])) === 1;
  };
  await until(isCovered, { what: 'the checkpoint to cover all changes' });
  await until(async () => (await messagesBehind(world)) === 0, { what: 'all messages to be handled' });
}
