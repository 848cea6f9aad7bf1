/** The HTTP server for machines and people that watch: /metrics, /livez, /readyz. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type FastifyInstance, fastify } from 'fastify';
import { UnstaleError, messageOf } from '../errors.js';
import type { Health } from './health.js';
import type { Metrics } from './metrics.js';

export interface OpsServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Empty: everyone may read. The probes are open always, since kubelets send no token. */
  readonly token: string;
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
  readonly health: Health;
}

export interface OpsServer {
  /** @throws UnstaleError CONFIG_INVALID when the address cannot be listened on */
  start(): Promise<{ port: number }>;
  stop(): Promise<void>;
}

export function createOpsServer({ host, port, token, metrics, health }: OpsServerOptions): OpsServer {
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_024 });
  server.get('/metrics', async (request, reply) => {
    if (token !== '' && !carriesToken(request.headers.authorization, token)) {
      return reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'ops.token is required' });
    }
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  addProbes(server, health);
  let stopping: Promise<void> | undefined;
  return {
    async start() {
      try {
        await server.listen({ host, port });
      } catch (error) {
        throw cannotListen(`${host}:${port}`, error);
      }
      const address = server.server.address();
      return { port: typeof address === 'object' && address !== null ? address.port : port };
    },
    stop() {
      stopping ??= server.close();
      return stopping;
    },
  };
}

function addProbes(server: FastifyInstance, health: Health): void {
  server.get('/livez', (_request, reply) => {
    const stages = health.states();
    const live = stages.every(({ state }) => state !== 'failed');
    return reply.code(live ? 200 : 503).send({ live, stages });
  });
  server.get('/readyz', (_request, reply) => {
    const stages = health.states();
    // Before the stages are known nothing can be said to be ready.
    const ready = stages.length > 0 && stages.every((stage) => stage.ready);
    return reply.code(ready ? 200 : 503).send({ ready, stages });
  });
}

/** Compares digests, so that neither content nor length of the token shows in the time it takes. */
function carriesToken(header: string | undefined, token: string): boolean {
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function cannotListen(address: string, cause: unknown): UnstaleError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const why = code === 'EADDRINUSE' ? 'another program listens there already' : messageOf(cause);
  const advice = 'Choose another address in ops.listen; port 0 takes any free one.';
  return new UnstaleError('CONFIG_INVALID', `Cannot listen on ${address}: ${why}. ${advice}`, { cause });
}
