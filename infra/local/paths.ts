import { homedir } from 'node:os';
import path from 'node:path';

const checkout = path.resolve(import.meta.dirname, '../..');

/** What one set of servers keeps in the checkout. Git ignores all of it. */
export function setPaths(set: string) {
  const root = path.join(checkout, '.local', set);
  return {
    root,
    claims: path.join(root, 'claims'),
    data: (server: string) => path.join(root, server),
    logs: path.join(root, 'logs'),
    log: (server: string) => path.join(root, 'logs', `${server}.log`),
    config: (file: string) => path.join(root, 'config', file),
  };
}
export type SetPaths = ReturnType<typeof setPaths>;

/** Software and data templates, shared by all checkouts of this user. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  // The XDG specification has relative paths ignored.
  return path.join(
    base !== undefined && path.isAbsolute(base) ? base : path.join(homedir(), '.cache'),
    'unstale',
  );
}

/** Where a checkout's containers get their name from: two checkouts must not share them. */
export const checkoutPath = checkout;
