/** What the libraries do alone, each with the same work as in the pipeline, and in a process of its own. */
import { runScript } from '../child.js';
import type { LimitRun, TailRun } from '../measurements.js';
import { decodeScript, produceScript, unlinkScript } from '../scripts.js';
import { type Backlog, productsTouched } from '../workload.js';
import type { Bench } from './part.js';

const serverId = 42_000;
const sendBatch = 2000;
const keysPerCall = 1000;
/** What the tail publishes for this workload, where it does not run beforehand. */
const usualMessage = { keyBytes: 12, valueBytes: 534 };

/** Messages are as large as those that the tail has published, if it has. */
export async function runLimit(
  { addresses, progress, signal, size, measure }: Bench,
  { file, offset, rows }: Backlog,
  published: Pick<TailRun, 'keyBytes' | 'valueBytes'> = usualMessage,
): Promise<LimitRun> {
  const { mysql: mysqlUrl, kafka: brokers, cache: cacheUrl } = addresses;
  const keyBytes = Math.round(published.keyBytes);
  const valueBytes = Math.round(published.valueBytes);
  const topic = `limit_${Date.now()}`;
  progress.step('limit: zongji decodes the backlog alone');
  const decode = { mysqlUrl, serverId, file, offset, rows };
  const decoded = await measure(() => runScript(decodeScript, decode, signal));
  progress.step('limit: kafkajs sends as many messages alone');
  const produce = { brokers, topic, messages: rows, keyBytes, valueBytes, batch: sendBatch };
  const produced = await measure(() => runScript(produceScript, produce, signal));
  progress.step('limit: ioredis deletes the keys alone');
  const unlink = { cacheUrl, products: productsTouched(size), keysPerCall };
  const unlinked = await measure(() => runScript(unlinkScript, unlink, signal));
  return {
    decodeRowsPerSecond: decoded.rowsPerSecond,
    produceMessagesPerSecond: produced.messagesPerSecond,
    produceBytes: keyBytes + valueBytes,
    unlinkKeysPerSecond: unlinked.keysPerSecond,
    othersShare: Math.max(decoded.othersShare, produced.othersShare, unlinked.othersShare),
  };
}
