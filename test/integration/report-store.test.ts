import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { listReports, pageReport, showReport } from '../../src/cli/report.js';
import { type ReportStore, connectReportStore } from '../../src/clients/report-store.js';
import type { Config } from '../../src/config/schema.js';
import { UnstaleError } from '../../src/errors.js';
import { createLogger } from '../../src/ops/logger.js';
import { summaryOf } from '../../src/reconcile/report-summary.js';
import type { Report } from '../../src/reconcile/report.js';
import { driftWith, reportWith, sampleWith } from '../support/reports.js';
import { parseWith } from '../unit/config/support.js';

const url = inject('servers').queue;
let redis: Redis;
let name: string;
let store: ReportStore;
let logged: string[];

const log = createLogger({
  level: 'warn',
  pretty: false,
  destination: { write: (line) => void logged.push(line) },
});
const keysOf = (of: string): Promise<string[]> => redis.keys(`{unstale}:unstale-${of}-reports*`);
/** The nth of a row of runs, half an hour apart. */
const nth = (number: number, fields: Partial<Report> = {}): Report =>
  reportWith({
    id: `r${number}`,
    startedAt: new Date(Date.UTC(2026, 0, 1) + number * 1_800_000).toISOString(),
    drift: driftWith({ stale: number }),
    samples: [sampleWith()],
    ...fields,
  });

beforeAll(() => {
  redis = new Redis(url);
});

beforeEach(() => {
  name = `t${randomBytes(4).toString('hex')}`;
  logged = [];
  store = connectReportStore({ url, name, log });
});

afterEach(async () => {
  await store.close();
  const keys = await keysOf(name);
  if (keys.length > 0) await redis.del(...keys);
});

afterAll(() => {
  redis.disconnect();
});

describe('the store of drift reports', () => {
  test('gives back what was saved, whole by its id and as the latest', async () => {
    await store.save(nth(1), 10);
    await store.save(nth(2), 10);
    expect(await store.get('r1')).toEqual(nth(1));
    expect(await store.latest()).toEqual(nth(2));
  });

  test('lists summaries by the time of the runs, newest first, in whatever order they were saved', async () => {
    for (const number of [2, 3, 1]) await store.save(nth(number), 10);
    expect(await store.list()).toEqual([nth(3), nth(2), nth(1)].map(summaryOf));
    expect(await store.list(2)).toEqual([nth(3), nth(2)].map(summaryOf));
  });

  test('has nothing to give before the first report, and of an unknown id', async () => {
    expect(await store.list()).toEqual([]);
    expect(await store.latest()).toBeUndefined();
    await store.save(nth(1), 10);
    expect(await store.get('r2')).toBeUndefined();
  });

  test('keeps the newest and nothing at all of the others', async () => {
    for (let number = 1; number <= 6; number++) await store.save(nth(number), 3);
    expect((await store.list()).map(({ id }) => id)).toEqual(['r6', 'r5', 'r4']);
    expect(await store.get('r3')).toBeUndefined();
    const sizes = await Promise.all(
      ['', ':summaries', ':documents'].map(async (part) => {
        const key = `{unstale}:unstale-${name}-reports${part}`;
        return part === '' ? redis.zcard(key) : redis.hlen(key);
      }),
    );
    expect(sizes).toEqual([3, 3, 3]);
  });

  test('removes any number at once when fewer are to be kept', async () => {
    const index = `{unstale}:unstale-${name}-reports`;
    const ids = Array.from({ length: 10_000 }, (_, number) => `old${number}`);
    await redis.zadd(index, ...ids.flatMap((id, number) => [number, id]));
    await store.save(nth(1), 1);
    expect(await redis.zcard(index)).toBe(1);
  });

  test('takes the same report again, as after a time-out, as one', async () => {
    await store.save(nth(1), 10);
    await store.save(nth(1, { repaired: 1 }), 10);
    expect(await store.list()).toEqual([summaryOf(nth(1, { repaired: 1 }))]);
  });

  test('does not mix the reports of two names', async () => {
    const other = connectReportStore({ url, name: `${name}-other`, log });
    await store.save(nth(1), 10);
    expect(await other.list()).toEqual([]);
    await other.close();
    expect(await keysOf(`${name}-other`)).toEqual([]);
  });

  test.each([
    ['no JSON', '{"v":1'],
    ['of another version', JSON.stringify({ ...nth(1), v: 2, drift: { stale: 'many' } })],
  ])(
    'leaves out of the list an entry that is %s, with a warning, and names it when asked for it',
    async (_, text) => {
      for (const number of [1, 2]) await store.save(nth(number), 10);
      await redis.hset(`{unstale}:unstale-${name}-reports:summaries`, 'r2', text);
      await redis.hset(`{unstale}:unstale-${name}-reports:documents`, 'r2', text);
      expect((await store.list()).map(({ id }) => id)).toEqual(['r1']);
      expect(logged.join('')).toContain('"report":"r2"');
      await expect(store.get('r2')).rejects.toThrow('The drift report r2 is damaged');
      await expect(store.latest()).rejects.toThrow('unstale report list');
    },
  );

  test('fails by name when the queue cannot be reached, and without the password', async () => {
    const away = connectReportStore({ url: 'redis://:secret@127.0.0.1:1/0', name, log, timeoutMs: 200 });
    const error: unknown = await away.save(nth(1), 10).catch((caught: unknown) => caught);
    await away.close();
    expect(error).toBeInstanceOf(UnstaleError);
    expect(error).toMatchObject({ code: 'QUEUE_UNREACHABLE' });
    expect(String(error)).toContain('no connection after 200 ms');
    expect(`${String(error)}${logged.join('')}`).not.toContain('secret');
  });
});

describe('unstale report', () => {
  let config: Config;
  let directory: string;
  let written: { stdout: string; stderr: string };

  beforeEach(async () => {
    config = parseWith({ name, queue: `{ url: "${url}" }` });
    directory = await mkdtemp(join(tmpdir(), 'unstale-test-'));
    written = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        written[stream] += String(text);
        return true;
      });
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(directory, { recursive: true });
  });

  test('list and show print for people, and one JSON document for programs', async () => {
    for (const number of [1, 2]) await store.save(nth(number), 10);
    expect(await listReports({ config, log, json: true, limit: 1 })).toBe(0);
    expect(JSON.parse(written.stdout)).toEqual([summaryOf(nth(2))]);
    written.stdout = '';
    expect(await showReport({ config, log, json: true, id: 'r1' })).toBe(0);
    expect(JSON.parse(written.stdout)).toEqual(nth(1));
    written.stdout = '';
    expect(await listReports({ config, log, json: false, limit: undefined })).toBe(0);
    expect(await showReport({ config, log, json: false, id: undefined })).toBe(0);
    expect(written.stdout).toMatch(/r2.*\n.*\n.*r1.*\n.*\n2 values had drifted, none repaired/);
  });

  test('html writes the page of the latest to stdout, or of another to a file', async () => {
    for (const number of [1, 2, 3]) await store.save(nth(number), 10);
    expect(await pageReport({ config, log, id: undefined, output: undefined })).toBe(0);
    expect(written.stdout).toMatch(/^<!doctype html>[^]*3 values had drifted[^]*<\/html>\s*$/);
    const output = join(directory, 'report.html');
    expect(await pageReport({ config, log, id: 'r2', output })).toBe(0);
    expect(await readFile(output, 'utf8')).toMatch(/2 values had drifted[^]*2 runs in figures/);
  });

  test('says what to do where there is no report, and exits with 1', async () => {
    expect(await listReports({ config, log, json: true, limit: undefined })).toBe(1);
    expect(JSON.parse(written.stdout)).toEqual([]);
    expect(await pageReport({ config, log, id: undefined, output: undefined })).toBe(1);
    expect(written.stderr).toContain('unstale reconcile');
    expect(await showReport({ config, log, json: false, id: 'r9\u001b[2J' })).toBe(1);
    expect(written.stderr).toContain('There is no drift report r9\\u{1b}[2J');
    expect(written.stderr).toContain('unstale report list');
  });
});
