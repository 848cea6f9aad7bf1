import type { Config } from './schema.js';
import { sharedQueueProblem } from './shared-queue.js';

/** What works, but the operator should know at start. */
export function warningsOf({ ops, queue, redis }: Omit<Config, 'warnings'>): string[] {
  const warnings: string[] = [];
  if (ops.token === '' && !isLoopback(ops.host)) {
    warnings.push(
      `ops.listen: ${ops.host} may be reached from other machines, and ops.token is empty; set a token, or listen on 127.0.0.1`,
    );
  }
  if (sharedQueueProblem({ redis, queue: { ...queue, shared: false } }) !== undefined) {
    warnings.push(
      "queue.url: the queue lives in the cache's Redis; what that evicts or forgets is lost to the retries",
    );
  }
  return warnings;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');
