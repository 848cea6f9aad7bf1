import { createServer } from 'node:net';

/**
 * Ports below the range that Linux gives to outgoing connections (32768 and up). From inside that range a client
 * that keeps reconnecting to a killed server can be given the server's own port, connect to itself, and so keep
 * the server from coming back.
 */
const PORT_MIN = 18_000;
const PORT_MAX = 32_000;

/** `count` different ports of 127.0.0.1 that nothing listens on right now. Another process may still be faster. */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const ports = new Set<number>();
  for (let attempts = 0; ports.size < count; attempts += 1) {
    if (attempts > 1_000)
      throw new Error(`No ${count} free ports between ${PORT_MIN} and ${PORT_MAX} on 127.0.0.1.`);
    const port = PORT_MIN + Math.floor(random() * (PORT_MAX - PORT_MIN));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
