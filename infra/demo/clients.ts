import { Redis } from 'ioredis';
import { createPool, type Pool } from 'mysql2/promise';

/** A pool on database `shop`. An UPDATE counts the rows that it changed, not those that it found. */
export function connectShop(mysqlUrl: string, connectionsMax: number): Pool {
  const uri = new URL(mysqlUrl);
  uri.pathname = '/shop';
  return createPool({ uri: uri.href, connectionLimit: connectionsMax, flags: ['-FOUND_ROWS'] });
}

/** A client that gives up soon: in the demo a cache that does not answer is a failure to be shown. */
export function connectRedis(url: string): Redis {
  const redis = new Redis(url, { enableAutoPipelining: true, maxRetriesPerRequest: 3 });
  // Each failed command rejects on its own; the event would only end the process before that.
  redis.on('error', () => undefined);
  return redis;
}
