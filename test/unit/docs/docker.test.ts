import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { parseConfig } from '../../../src/config/parse.js';
import type { Config } from '../../../src/config/schema.js';
import { inRepository, textOf } from './support.js';

interface Service {
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

let services: Readonly<Record<string, Service>> = {};
let config: Config;

beforeAll(async () => {
  ({ services } = parseYaml(await textOf('docker-compose.yml')) as { services: typeof services });
  config = parseConfig(await textOf('infra/docker/unstale.yaml'), { env: {} });
});

describe('docker-compose.yml', () => {
  test('runs every server that its configuration of unstale names', () => {
    const { mysql, kafka, redis, queue } = config;
    const hosts = [mysql.url, redis.kind === 'single' ? redis.url : '', queue.url].map(
      (url) => new URL(url).hostname,
    );
    expect(Object.keys(services)).toEqual(expect.arrayContaining(hosts));
    expect(services.kafka?.environment?.KAFKA_ADVERTISED_LISTENERS).toContain(
      `://${kafka.brokers[0] ?? ''},`,
    );
  });

  test('publishes ports on loopback only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('mounts files that are there', () => {
    const files = Object.values(services)
      .flatMap(({ volumes = [] }) => volumes)
      .filter((volume) => volume.startsWith('./'))
      .map((volume) => volume.split(':', 1)[0] ?? '');
    expect(files).toContain('./infra/docker/unstale.yaml');
    for (const file of files) expect(existsSync(inRepository(file)), file).toBe(true);
  });
});

describe('the Dockerfile', () => {
  test('copies only what .dockerignore lets through', async () => {
    const allowed = (await textOf('.dockerignore'))
      .split('\n')
      .flatMap((line) => line.match(/^!(.+)/)?.[1] ?? []);
    const copies = [...(await textOf('infra/docker/Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
    const copied = copies.flatMap(([, files = '']) => files.split(' '));
    expect(copied).toContain('package-lock.json');
    for (const file of copied) {
      expect(allowed).toContain(file);
      expect(existsSync(inRepository(file)), file).toBe(true);
    }
  });
});
