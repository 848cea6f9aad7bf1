import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** A file that runs as a thread. Both sides name the same definition, so that they agree on the types. */
export interface ThreadDefinition<Data, Message> {
  readonly file: URL;
  /** Only for the types: what the thread is given, and what it sends. */
  readonly types?: (data: Data) => Message;
}

export interface Thread {
  /** Resolves when the thread has ended by itself or was stopped; rejects when it failed. */
  readonly ended: Promise<void>;
  /** Asks the thread to finish what is under way and to end. */
  readonly stop: () => Promise<void>;
  /** Ends it as it is. */
  readonly kill: () => Promise<unknown>;
}

/** On Node 20 threads do not inherit what reads TypeScript, so each sets it up for itself. */
const bootstrap = `
  const { workerData: { file, tsx } } = require('node:worker_threads');
  import(tsx).then(({ tsImport }) => tsImport(file, file));
`;
const tsx = import.meta.resolve('tsx/esm/api');

/**
 * Load and probe run in threads of their own, so that neither holds up the other or the view; and a thread, unlike
 * a process, can not outlive the demo.
 */
export function startThread<Data, Message>(
  { file }: ThreadDefinition<Data, Message>,
  data: Data,
  onMessage: (message: Message) => void,
): Thread {
  const worker = new Worker(bootstrap, { eval: true, workerData: { file: file.href, tsx, data } });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The thread of ${file.pathname} ended with code ${code}.`));
    });
  });
  ended.catch(() => undefined); // whoever watches it sees it
  worker.on('message', onMessage);
  return {
    ended,
    stop() {
      worker.postMessage('stop');
      return ended;
    },
    kill: () => worker.terminate(),
  };
}

export interface ThreadSide<Data, Message> {
  readonly data: Data;
  readonly send: (message: Message) => void;
  /** Runs once, when the other side asks to stop. */
  readonly onStop: (stop: () => void) => void;
}

/** The thread's own side of {@link startThread}. */
export function threadSide<Data, Message>({
  file,
}: ThreadDefinition<Data, Message>): ThreadSide<Data, Message> {
  if (isMainThread || parentPort === null)
    throw new Error(`${file.pathname} runs only as a thread of the demo.`);
  const port = parentPort;
  return {
    data: (workerData as { readonly data: Data }).data,
    send(message) {
      port.postMessage(message);
    },
    onStop(stop) {
      port.once('message', stop); // once: an open listener would keep the thread alive
    },
  };
}
