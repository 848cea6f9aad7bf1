/** The inside of `producer-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { UnstaleError, messageOf } from '../errors.js';
import { createLogger } from '../ops/logger.js';
import { unpack } from '../publish/message-batch.js';
import { createSendQueue } from '../publish/send-queue.js';
import { createKafkaClient } from './kafka.js';
import type { ProducerAnswer, ProducerOrder, ProducerThreadOptions } from './producer-thread.js';

if (parentPort === null) throw new UnstaleError('BUG', 'producer-worker.js runs as a thread only.');
const port = parentPort;
const options = workerData as ProducerThreadOptions;
const kafka = createKafkaClient({ ...options, log: createLogger({ level: options.logLevel }) });

const answer = async (id: number, action: Promise<unknown>): Promise<void> => {
  let told: ProducerAnswer = { id };
  try {
    await action;
  } catch (error) {
    const code = error instanceof UnstaleError ? error.code : 'BUG';
    told = { id, failure: { code, message: messageOf(error) } };
  }
  port.postMessage(told);
};

const connecting = kafka.producer();
await answer(0, connecting);
const producer = await connecting;
const queue = createSendQueue((batches) => producer.send(options.topic, batches.flatMap(unpack)));

port.on('message', (order: ProducerOrder) => {
  if (order.kind === 'send') {
    void answer(order.id, queue.push(order.session, order.batch));
    return;
  }
  port.close();
  void producer.close().finally(() => process.exit());
});
