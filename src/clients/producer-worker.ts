/** The inside of `producer-thread.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { UnstaleError, messageOf } from '../errors.js';
import { createLogger } from '../ops/logger.js';
import { unpack } from '../publish/message-batch.js';
import { createKafkaClient } from './kafka.js';
import type { ProducerAnswer, ProducerOrder, ProducerThreadOptions } from './producer-thread.js';

if (parentPort === null) throw new UnstaleError('BUG', 'producer-worker.js runs as a thread only.');
const port = parentPort;
const options = workerData as ProducerThreadOptions;
const kafka = createKafkaClient({ ...options, log: createLogger({ level: options.logLevel }) });

const answer = async (action: Promise<unknown>): Promise<void> => {
  let told: ProducerAnswer = { ok: true };
  try {
    await action;
  } catch (error) {
    const code = error instanceof UnstaleError ? error.code : 'BUG';
    told = { ok: false, code, message: messageOf(error) };
  }
  port.postMessage(told);
};

const connecting = kafka.producer();
await answer(connecting);
const producer = await connecting;

port.on('message', ({ batch }: ProducerOrder) => {
  if (batch !== undefined) {
    void answer(producer.send(options.topic, unpack(batch)));
    return;
  }
  port.close();
  void producer.close().finally(() => process.exit());
});
