/**
 * One tail of a name leads, all others stand by. The lock is a MySQL user lock on a session of its own, whose
 * wait_timeout is short, so that the lock of a host that vanished is free within seconds and not after 8 hours.
 */
import { UnstaleError } from '../errors.js';

/** The server drops a silent session after this long. */
export const LOCK_WAIT_TIMEOUT_S = 9;
const PING_MS = 3_000;
/** Before the server could have given the lock away, counted from the last ping that was answered. */
const HELD_FOR_MS = 7_000;

/** The session that holds or awaits the lock; its effects are those of `clients/mysql.ts`. */
export interface LockSession {
  /** Waits about a second; false when another session holds the lock. */
  tryLock(name: string): Promise<boolean>;
  /** Whether this session still holds the lock. */
  stillHolds(name: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface Leadership {
  /** @throws UnstaleError LEADER_LOST unless the lock is surely still ours */
  demand(): void;
  release(): Promise<void>;
}

export interface LeaderOptions {
  readonly name: string;
  readonly openSession: () => Promise<LockSession>;
  /** Monotonic clock in ms. */
  readonly now: () => number;
  readonly onStandby: () => void;
  readonly signal: AbortSignal;
}

/** Waits until this process leads. @throws whatever `openSession` throws, or the signal's reason */
export async function becomeLeader({
  name,
  openSession,
  now,
  onStandby,
  signal,
}: LeaderOptions): Promise<Leadership> {
  const session = await openSession();
  try {
    let askedAtMs = now();
    while (!(await session.tryLock(lockName(name)))) {
      signal.throwIfAborted();
      onStandby();
      askedAtMs = now();
    }
    signal.throwIfAborted();
    return holdLock(session, name, now, askedAtMs);
  } catch (error) {
    await session.close();
    throw error;
  }
}

function holdLock(session: LockSession, name: string, now: () => number, sinceMs: number): Leadership {
  let confirmedAtMs = sinceMs;
  let lost: unknown;
  const timer = setInterval(() => {
    const askedAtMs = now();
    session.stillHolds(lockName(name)).then(
      (held) => {
        if (held) confirmedAtMs = askedAtMs;
        else lost ??= new Error('the server says that another session holds it');
      },
      (error: unknown) => {
        lost ??= error;
      },
    );
  }, PING_MS);
  return {
    demand() {
      if (lost === undefined && now() - confirmedAtMs < HELD_FOR_MS) return;
      throw new UnstaleError('LEADER_LOST', `The leader lock of "${name}" is not surely ours any more.`, {
        cause: lost,
      });
    },
    async release() {
      clearInterval(timer);
      await session.close();
    },
  };
}

/** MySQL allows 64 characters; configuration names are at most 41. */
const lockName = (name: string): string => `unstale:${name}`;
