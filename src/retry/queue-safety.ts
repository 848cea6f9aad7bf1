import { UnstaleError } from '../errors.js';

export interface QueueSafety {
  /** To be logged; no reason to refuse. */
  readonly warnings: readonly string[];
  /** Equal to the cache's run_id: it is the same server. */
  readonly runId: string;
}

/**
 * Judges the queue's Redis by its INFO text. INFO and not CONFIG, since managed services forbid CONFIG, and BullMQ
 * cannot do without INFO anyway.
 * @throws UnstaleError REDIS_UNSAFE
 */
export function judgeQueueRedis(info: string, where: string): QueueSafety {
  const fields = new Map(info.split(/\r?\n/).map((line) => splitAtColon(line)));
  const policy = fields.get('maxmemory_policy') ?? 'unknown';
  if (policy !== 'noeviction') {
    throw new UnstaleError(
      'REDIS_UNSAFE',
      `The queue's Redis at ${where} has the eviction policy ${policy}, and could drop jobs. ` +
        'Run: CONFIG SET maxmemory-policy noeviction, and write "maxmemory-policy noeviction" into its redis.conf ' +
        '(or its parameter group).',
    );
  }
  if (fields.get('role') === 'slave') {
    throw new UnstaleError(
      'REDIS_UNSAFE',
      `The queue's Redis at ${where} is a replica, and takes no jobs. Name its primary in queue.url.`,
    );
  }
  const warnings = [];
  if (fields.get('aof_enabled') === '0') {
    warnings.push(
      `The queue's Redis at ${where} has no append-only file: jobs since its last snapshot are lost when it crashes. ` +
        'Run: CONFIG SET appendonly yes, and write "appendonly yes" into its redis.conf.',
    );
  }
  return { warnings, runId: fields.get('run_id') ?? '' };
}

function splitAtColon(line: string): [string, string] {
  const colon = line.indexOf(':');
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1)];
}
