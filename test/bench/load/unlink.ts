/** ioredis alone: deletes all keys of the full cache, many a call, two calls under way. */
import { Redis } from 'ioredis';
import { answer } from '../child.js';
import { unlinkScript } from '../scripts.js';
import { fillCache, keysOf } from '../workload.js';

await answer(unlinkScript, async ({ cacheUrl, products, keysPerCall }) => {
  const cache = new Redis(cacheUrl);
  try {
    await fillCache(cache, products);
    const keys = Array.from({ length: products }, (_, index) => keysOf(index + 1)).flat();
    const startedMs = performance.now();
    let deleted = 0;
    let from = 0;
    const worker = async (): Promise<void> => {
      while (from < keys.length) {
        const call = keys.slice(from, from + keysPerCall);
        from += call.length;
        const gone = await cache.unlink(call);
        deleted += gone; // not across the await: the other worker adds meanwhile
      }
    };
    await Promise.all([worker(), worker()]);
    const seconds = (performance.now() - startedMs) / 1000;
    if (deleted !== keys.length) throw new Error(`Of ${keys.length} keys only ${deleted} were there.`);
    return { keysPerSecond: deleted / seconds };
  } finally {
    cache.disconnect();
  }
});
