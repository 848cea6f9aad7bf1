/**
 * Runs the servers as processes of this machine, with software from the PATH or from the cache. First come
 * software and data, on first use from the network, then the process.
 */
import { rm } from 'node:fs/promises';
import { SERVER_NAMES, type ServerName } from '../addresses.js';
import { findJava } from '../packages/java.js';
import { mysqlProgram, redisProgram } from '../packages/software.js';
import { type SetPaths, setPaths } from '../paths.js';
import type { Runner, RunnerOptions, RunningServer, Step } from '../server.js';
import { prepareKafka } from './kafka.js';
import { prepareMysql } from './mysql.js';
import { type PreparedServer, startNativeServer } from './native-server.js';
import { prepareRedis } from './redis.js';

export async function createNativeRunner({ set, fresh, onLost }: RunnerOptions): Promise<Runner> {
  const paths = setPaths(set);
  const prepare = preparations(paths);
  const running: RunningServer[] = [];
  await rm(paths.logs, { recursive: true, force: true });
  if (fresh) await removeData(paths);
  return {
    async start(name, step) {
      const prepared = await prepare[name](step);
      step.rename(prepared.title);
      step.signal.throwIfAborted();
      const server = await startNativeServer(prepared, {
        logFile: paths.log(name),
        signal: step.signal,
        onLost,
      });
      running.push(server);
      return server;
    },
    async stop() {
      await Promise.all(running.map((server) => server.kill(fresh ? 'SIGKILL' : 'SIGTERM')));
      if (fresh) await removeData(paths);
    },
  };
}

function preparations(paths: SetPaths): Record<ServerName, (step: Step) => Promise<PreparedServer>> {
  // Both roles wait for the same download.
  let redis: ReturnType<typeof redisProgram> | undefined;
  const redisOnce = (step: Step) => (redis ??= redisProgram(step));
  return {
    mysql: async (step) => prepareMysql(await mysqlProgram(step), paths.data('mysql'), step),
    kafka: async (step) => {
      const folders = { data: paths.data('kafka'), propertiesFile: paths.config('kafka.properties') };
      return prepareKafka(await findJava(step), folders, step);
    },
    cache: async (step) => prepareRedis('cache', await redisOnce(step), paths.data('cache')),
    queue: async (step) => prepareRedis('queue', await redisOnce(step), paths.data('queue')),
  };
}

async function removeData(paths: SetPaths): Promise<void> {
  await Promise.all(SERVER_NAMES.map((name) => rm(paths.data(name), { recursive: true, force: true })));
}
