import { z } from 'zod';
import { address, evenIfFlawed, filledText, parseHostPort, text, url, type HostPort } from './fields.js';

/** The cache: one server, or a cluster that is found through some of its nodes. */
export type RedisConfig =
  | { readonly kind: 'single'; readonly url: string; readonly keyPrefix: string }
  | {
      readonly kind: 'cluster';
      readonly nodes: readonly HostPort[];
      readonly username?: string | undefined;
      readonly password?: string | undefined;
      readonly keyPrefix: string;
    };

export const redisSchema = z
  .strictObject({
    url: url(['redis', 'rediss'], 'redis://host:6379/0')
      .optional()
      .describe('The cache, if it is one server.'),
    cluster: z
      .array(address(1, 'redis-1:6379'), { error: 'expected a list of host:port' })
      .min(1, { error: 'expected at least one host:port' })
      .optional()
      .describe('The cache, if it is a cluster: host:port of some nodes.'),
    username: filledText('expected a user name').optional().describe("The cluster's user."),
    password: text().optional().describe("The cluster's password."),
    keyPrefix: text().prefault('').describe('Stands before every key, like `app:`.'),
  })
  .refine(({ url, cluster }) => url !== undefined || cluster !== undefined, {
    error: 'expected url (one server) or cluster (a list of host:port)',
    ...evenIfFlawed,
  })
  .refine(({ url, cluster }) => url === undefined || cluster === undefined, {
    error: 'expected either url or cluster, not both',
    ...evenIfFlawed,
  })
  .refine(({ url, username, password }) => url === undefined || (username ?? password) === undefined, {
    error:
      'username and password belong to cluster; with url, write them into it: redis://user:password@host',
    ...evenIfFlawed,
  })
  .transform(({ url, cluster, username, password, keyPrefix }): RedisConfig => {
    if (cluster === undefined) return { kind: 'single', url: url ?? '', keyPrefix };
    const nodes = cluster.map(parseHostPort).filter((node) => node !== undefined);
    return { kind: 'cluster', nodes, username, password, keyPrefix };
  })
  .describe('The cache: `url` or `cluster`.');
