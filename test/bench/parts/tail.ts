/** In: a backlog in the binlog. Out: how fast `unstale run --only tail` gets it acknowledged by Kafka. */
import { createRateMeter } from '../rate.js';
import type { Deployment } from '../deployment.js';
import type { TailRun } from '../measurements.js';
import { readProcessStats } from '../process-stats.js';
import { followToEnd, messagesIn, readTopic } from '../topic.js';
import { type Backlog, productsTouched } from '../workload.js';
import type { Bench } from './part.js';

/** The deployment's checkpoint must lie right before the backlog. */
export async function runTail(bench: Bench, deployment: Deployment, { rows }: Backlog): Promise<TailRun> {
  const { admin, kafka, progress, signal, size } = bench;
  const { topic } = deployment;
  const drained = await bench.measure(async () => {
    const meter = createRateMeter();
    const startedMs = performance.now();
    const tail = await deployment.launch(['tail']);
    try {
      await followToEnd({
        look: () => messagesIn(admin, topic),
        total: rows,
        meter,
        died: tail.died,
        signal,
        onProgress: (done) => {
          progress.count(done, rows, 'rows');
        },
      });
      const endedMs = performance.now();
      return {
        rows,
        rowsPerSecond: meter.perSecond(),
        startUpSeconds: ((meter.firstSeenMs() ?? endedMs) - startedMs) / 1000,
        wallSeconds: (endedMs - startedMs) / 1000,
        ...(await readProcessStats(tail.pid)),
      };
    } finally {
      await tail.stop();
    }
  });
  progress.step(`reading ${topic} back`);
  const { messages, distinctKeys, keyBytes, valueBytes } = await readTopic({ kafka, admin, topic, signal });
  if (messages !== rows || distinctKeys !== productsTouched(size))
    throw new Error(
      `${rows} rows of ${productsTouched(size)} products were changed, but the topic has ${messages} messages with ${distinctKeys} keys.`,
    );
  return { ...drained, keyBytes: keyBytes / messages, valueBytes: valueBytes / messages };
}
