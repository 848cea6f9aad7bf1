import { z } from 'zod';

/** Every server of a set, in the order in which they are listed to people. */
export const SERVER_NAMES = ['mysql', 'kafka', 'cache', 'queue'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

const redisUrl = z.url({ protocol: /^rediss?$/ });

const serverAddresses = z.strictObject({
  mysql: z.url({ protocol: /^mysql$/ }),
  kafka: z.array(z.string().regex(/^[^\s:]+:\d+$/, 'must be host:port')).min(1),
  cache: redisUrl,
  queue: redisUrl,
});

/** Where a whole set listens, e.g. `{"mysql":"mysql://root@127.0.0.1:21306","kafka":["127.0.0.1:21092"],...}`. */
export type ServerAddresses = z.infer<typeof serverAddresses>;

/** @throws Error that names the variable and each field that is wrong */
export function parseAddresses(json: string, source: string): ServerAddresses {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new Error(`${source} is not JSON. "npm run servers -- --json" prints what belongs there.`, {
      cause: error,
    });
  }
  const parsed = serverAddresses.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${source} does not describe the servers:\n${z.prettifyError(parsed.error)}`);
}

/** Where a server without a password listens, on the loopback address alone. */
const LOCAL_ADDRESSES: { readonly [Name in ServerName]: (port: number) => ServerAddresses[Name] } = {
  mysql: (port) => `mysql://root@127.0.0.1:${port}`,
  kafka: (port) => [`127.0.0.1:${port}`],
  cache: (port) => `redis://127.0.0.1:${port}/0`,
  queue: (port) => `redis://127.0.0.1:${port}/0`,
};

/** The addresses of the servers that have a port here. */
export function localAddresses<Name extends ServerName>(
  ports: ReadonlyMap<Name, number>,
): Pick<ServerAddresses, Name> {
  const entries = [...ports].map(([name, port]) => [name, LOCAL_ADDRESSES[name](port)]);
  return Object.fromEntries(entries) as Pick<ServerAddresses, Name>;
}
