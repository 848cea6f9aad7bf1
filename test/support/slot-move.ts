import { Redis } from 'ioredis';

/** A slot of a cluster on its way from its primary to another one, as `redis-cli --cluster reshard` moves it. */
export interface SlotMove {
  readonly from: string;
  readonly to: string;
  /** Both nodes know that it moves; no key has moved yet. */
  begin(): Promise<void>;
  /** Moves up to so many of its keys. */
  moveKeys(count: number): Promise<void>;
  /** Moves the rest, and the slot is the other node's. */
  finish(): Promise<void>;
}

/** Addresses are host:port of all primaries; the first that does not serve the slot gets it. */
export async function prepareSlotMove(addresses: readonly string[], slot: number): Promise<SlotMove> {
  const [anyone = ''] = addresses;
  const from = await asked(anyone, async (redis) => {
    const ranges = await redis.cluster('SLOTS');
    const [, , primary] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
    return primary === undefined ? '' : `${primary[0]}:${primary[1]}`;
  });
  const to = addresses.find((address) => address !== from) ?? '';
  const idOf = (address: string): Promise<string> => asked(address, (redis) => redis.cluster('MYID'));
  const [fromId, toId] = await Promise.all([idOf(from), idOf(to)]);
  const moveKeys = (count: number): Promise<void> =>
    asked(from, async (redis) => {
      const keys = await redis.cluster('GETKEYSINSLOT', slot, count);
      const [host = '', port = ''] = to.split(':');
      if (keys.length > 0) await redis.migrate(host, port, '', 0, 5_000, 'KEYS', ...keys);
    });
  return {
    from,
    to,
    async begin() {
      await asked(to, (redis) => redis.cluster('SETSLOT', slot, 'IMPORTING', fromId));
      await asked(from, (redis) => redis.cluster('SETSLOT', slot, 'MIGRATING', toId));
    },
    moveKeys,
    async finish() {
      await moveKeys(100_000);
      await asked(to, (redis) => redis.cluster('SETSLOT', slot, 'NODE', toId));
      await asked(from, (redis) => redis.cluster('SETSLOT', slot, 'NODE', toId));
    },
  };
}

async function asked<T>(address: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(`redis://${address}`);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}
