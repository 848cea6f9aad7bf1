import type { ServerName } from './addresses.js';
import { findJava } from './java.js';
import { prepareKafka } from './kafka.js';
import { prepareMysql } from './mysql.js';
import type { PreparedServer } from './native-server.js';
import type { SetPaths } from './paths.js';
import { prepareRedis } from './redis.js';
import { type Report, mysqlProgram, redisProgram } from './software.js';

/** Puts software and data of one server in place, on first use from the network. */
export type Prepare = (report: Report) => Promise<PreparedServer>;

export function nativeServers(paths: SetPaths): Record<ServerName, Prepare> {
  return {
    mysql: async (report) => prepareMysql(await mysqlProgram(report), paths.data('mysql'), report),
    kafka: async (report) => {
      const folders = { data: paths.data('kafka'), propertiesFile: paths.config('kafka.properties') };
      return prepareKafka(await findJava(report), folders, report);
    },
    cache: async (report) => prepareRedis('cache', await redisProgram(report), paths.data('cache')),
    queue: async (report) => prepareRedis('queue', await redisProgram(report), paths.data('queue')),
  };
}
