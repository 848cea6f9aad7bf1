/** What has been opened, to be closed last in, first out. */
export interface Resources {
  /** Remembers how to close it, and hands it on. */
  opened<T>(resource: T, close: (resource: T) => Promise<void> | void): T;
  /** May be called twice; the second call waits for the first. One that fails to close keeps no other open. */
  closeAll(): Promise<void>;
}

export function createResources(onError: (error: unknown) => void): Resources {
  const closers: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;
  const closeInReverse = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      try {
        await close();
      } catch (error) {
        onError(error);
      }
    }
  };
  return {
    opened(resource, close) {
      closers.push(() => close(resource));
      return resource;
    },
    closeAll() {
      closing ??= closeInReverse();
      return closing;
    },
  };
}
