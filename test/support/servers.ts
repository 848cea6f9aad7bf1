import type { TestProject } from 'vitest/node';
import { type ServerAddresses, useServers } from '../../infra/local/servers.js';

declare module 'vitest' {
  interface ProvidedContext {
    servers: ServerAddresses;
  }
}

/** vitest's globalSetup: one fresh set of servers for the run, whose addresses tests get with `inject('servers')`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await useServers({ set: 'test', fresh: true, progress: 'quiet' });
  project.provide('servers', servers.addresses);
  return () => servers.stop();
}
