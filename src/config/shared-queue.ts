import { parseHostPort } from './fields.js';
import { serverId } from './url.js';

/**
 * The queue's Redis must not be the cache: it would evict or forget jobs, and a flush of the cache would drop
 * them. The database number does not count, since eviction and restarts hit the whole server.
 * @param data the configuration's data, possibly with other problems: whatever is unreadable is left to them
 */
export function sharedQueueProblem(data: unknown): string | undefined {
  const queue = field(data, 'queue');
  const queueServer = serverOfUrl(field(queue, 'url'));
  if (queueServer === undefined || field(queue, 'shared') === true) return undefined;
  const redis = field(data, 'redis');
  if (!serversOf(redis).includes(queueServer)) return undefined;
  return `this is the cache's own Redis (${queueServer}); give the queue its own, or set queue.shared: true and accept that what the cache forgets or evicts, the queue loses`;
}

function serversOf(redis: unknown): (string | undefined)[] {
  const nodes = field(redis, 'nodes') ?? field(redis, 'cluster');
  return Array.isArray(nodes) ? nodes.map(serverOfNode) : [serverOfUrl(field(redis, 'url'))];
}

function serverOfUrl(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return serverId(hostname, port === '' ? 6379 : Number(port));
}

function serverOfNode(node: unknown): string | undefined {
  if (typeof node === 'string') {
    const parsed = parseHostPort(node);
    return parsed && serverId(parsed.host, parsed.port);
  }
  const [host, port] = [field(node, 'host'), field(node, 'port')];
  return typeof host === 'string' && typeof port === 'number' ? serverId(host, port) : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
