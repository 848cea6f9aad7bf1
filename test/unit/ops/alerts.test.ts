import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createWebhook } from '../../../src/clients/webhook.js';
import { type AlertOutcome, type AlertsOptions, createAlerts } from '../../../src/ops/alerts.js';
import { createLogger } from '../../../src/ops/logger.js';

function alertsWith(overrides: Partial<AlertsOptions>) {
  const counted: AlertOutcome[] = [];
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const alerts = createAlerts({
    name: 'shop',
    log,
    count: (outcome) => counted.push(outcome),
    retryDelaysMs: [1, 1],
    ...overrides,
  });
  const send = (count: number) => {
    for (let index = 0; index < count; index += 1)
      alerts.alert({ event: 'drift', title: 'Drift', details: { index } });
  };
  return { alerts, counted, lines, send };
}

describe('Alerts', () => {
  test('without a webhook are a log line', () => {
    const { send, counted, lines } = alertsWith({});
    send(1);
    expect(counted).toEqual(['logged']);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', event: 'drift', msg: 'Drift' });
  });

  test('go out in order, one at a time, and stop waits for them', async () => {
    const bodies: unknown[] = [];
    let running = 0;
    const { send, alerts, counted } = alertsWith({
      post: async (body) => {
        expect(++running).toBe(1);
        await Promise.resolve();
        bodies.push(body);
        running -= 1;
      },
    });
    send(3);
    await alerts.stop();
    expect(bodies).toMatchObject(
      [0, 1, 2].map((index) => ({ event: 'drift', name: 'shop', details: { index } })),
    );
    expect(bodies[0]).toMatchObject({ title: 'Drift', text: '[shop] Drift' });
    expect(counted).toEqual(['sent', 'sent', 'sent']);
  });

  test('are tried again, then given up with a log line, and never throw', async () => {
    let tries = 0;
    const { send, alerts, counted, lines } = alertsWith({
      post: () => {
        tries += 1;
        return tries <= 4 ? Promise.reject(new Error('502')) : Promise.resolve();
      },
    });
    send(2);
    await alerts.stop();
    expect(tries).toBe(5);
    expect(counted).toEqual(['failed', 'sent']);
    expect(lines.join('')).toContain('could not be sent');
  });

  test('beyond 100 waiting ones are dropped, counted and logged, and stop is bounded', async () => {
    const { send, alerts, counted, lines } = alertsWith({
      post: () => new Promise(() => undefined),
      drainMs: 20,
    });
    send(103);
    expect(counted).toEqual(['dropped', 'dropped', 'dropped']);
    await alerts.stop();
    await alerts.stop();
    expect(lines.join('')).toContain('"alerts":100');
  });

  test('after the stop are dropped', async () => {
    const { send, alerts, counted } = alertsWith({ post: () => Promise.resolve() });
    await alerts.stop();
    send(1);
    expect(counted).toEqual(['dropped']);
  });
});

describe('The webhook', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function listen(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<string> {
    const listening = createServer(answer);
    server = listening;
    await new Promise<void>((resolve) => {
      listening.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/hooks/s3cret`;
  }

  test('gets JSON by POST', async () => {
    let seen = '';
    const url = await listen((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
      request.on('end', () => {
        seen += ` ${request.method} ${request.headers['content-type']}`;
        response.end('ok');
      });
    });
    await createWebhook({ url, timeoutMs: 5_000 })({ event: 'drift' });
    expect(seen).toBe('{"event":"drift"} POST application/json');
  });

  test.each([
    [
      'answers with an error',
      (_request: IncomingMessage, response: ServerResponse) => response.writeHead(500).end(),
    ],
    [
      'redirects',
      (_request: IncomingMessage, response: ServerResponse) =>
        response.writeHead(302, { location: '/' }).end(),
    ],
    ['hangs', () => undefined],
  ])('that %s makes the attempt fail, without telling its path', async (_what, answer) => {
    const url = await listen(answer);
    const failure = await createWebhook({ url, timeoutMs: 100 })({}).catch(
      (error: unknown) => error as Error,
    );
    expect(failure).toBeInstanceOf(Error);
    expect(failure?.message).toContain('http://127.0.0.1');
    expect(JSON.stringify([failure?.message, String(failure?.cause)])).not.toContain('s3cret');
  });

  test('that is away makes the attempt fail with the reason', async () => {
    const url = await listen(() => undefined);
    server?.close();
    await vi.waitFor(() =>
      expect(createWebhook({ url, timeoutMs: 1_000 })({})).rejects.toThrow('ECONNREFUSED'),
    );
  });
});
