import { afterEach, describe, expect, test } from 'vitest';
import { createHealth } from '../../../src/ops/health.js';
import { createMetrics } from '../../../src/ops/metrics.js';
import { type OpsServer, createOpsServer } from '../../../src/ops/server.js';

const started: OpsServer[] = [];
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

async function serve(token = '', port = 0) {
  const health = createHealth({ nowMs: () => 0 });
  const server = createOpsServer({ host: '127.0.0.1', port, token, metrics: createMetrics(), health });
  started.push(server);
  const { port: listening } = await server.start();
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${listening}${path}`, { headers });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };
  return { health, get, port: listening, server };
}

describe('The ops server', () => {
  test("gives the metrics in Prometheus' format", async () => {
    const { get } = await serve();
    const { status, type, text } = await get('/metrics');
    expect(status).toBe(200);
    expect(type).toContain('text/plain; version=0.0.4');
    expect(text).toContain('unstale_retry_depth 0');
  });

  test('with a token gives metrics to its bearer alone, and the probes to everyone', async () => {
    const { get } = await serve('s3cret');
    for (const authorization of ['', 'Bearer', 'Bearer s3cre', 'Bearer s3cretX', 's3cret', 'Basic s3cret']) {
      expect((await get('/metrics', { authorization })).status).toBe(401);
    }
    expect((await get('/metrics')).status).toBe(401);
    expect((await get('/metrics', { authorization: 'Bearer s3cret' })).status).toBe(200);
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
  });

  test('is ready when all stages are, and shows what each waits for', async () => {
    const { get, health } = await serve();
    expect((await get('/readyz')).status).toBe(503);
    health.stage('tail').ready();
    health.stage('retry').waiting('for Redis');
    const waiting = await get('/readyz');
    expect(waiting.status).toBe(503);
    expect(JSON.parse(waiting.text)).toMatchObject({
      ready: false,
      stages: [
        { stage: 'tail', state: 'ready' },
        { stage: 'retry', state: 'waiting', reason: 'for Redis' },
      ],
    });
    health.stage('retry').progress();
    expect((await get('/readyz')).status).toBe(200);
  });

  test('is alive until a stage has failed for good', async () => {
    const { get, health } = await serve();
    health.stage('tail').waiting('for MySQL');
    expect((await get('/livez')).status).toBe(200);
    health.stage('tail').failed('the position is lost');
    expect((await get('/livez')).status).toBe(503);
  });

  test('that finds its port taken says so and names ops.listen', async () => {
    const { port } = await serve();
    await expect(serve('', port)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/listens there already.*ops\.listen/) as string,
    });
  });

  test('stops though a client holds its connection, and may be stopped twice', async () => {
    const { get, server } = await serve();
    await get('/livez');
    await Promise.all([server.stop(), server.stop()]);
    await expect(get('/livez')).rejects.toThrow('fetch failed');
  });
});
