/**
 * Stands for `node:timers/promises`, which fake timers do not reach: here its `setTimeout` waits on the global one.
 * `vi.mock('node:timers/promises', () => import('…/support/timers-promises.js'))`
 */
function sleep(
  ms: number,
  _value?: undefined,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new Error('aborted', { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', abort);
    globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
  });
}

export { sleep as setTimeout };
