import type { ShopCounters } from './shop/shop.js';
import type { ThreadDefinition } from './thread.js';

export interface ShopData {
  readonly mysqlUrl: string;
  readonly cacheUrl: string;
  readonly writesPerSecond: number;
  readonly readers: number;
}

export const shopThread: ThreadDefinition<ShopData, ShopCounters> = {
  file: new URL('./shop/thread.ts', import.meta.url),
};

export interface ProbeData {
  readonly mysqlUrl: string;
  readonly cacheUrl: string;
  readonly probesPerSecond: number;
}

/** A latency in ms; undefined is a key that was still there when the probe gave up. */
export type ProbeResults = readonly (number | undefined)[];

export const probeThread: ThreadDefinition<ProbeData, ProbeResults> = {
  file: new URL('./probe/thread.ts', import.meta.url),
};
