import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { configurationReference, errorReference } from '../../../src/config/reference.js';
import { errorTable } from '../../../src/errors.js';
import { parse, least } from './support.js';

test('unstale.schema.json is what the schema makes (npx tsx infra/docs/write-reference.ts)', async () => {
  const written: unknown = JSON.parse(
    await readFile(new URL('../../../unstale.schema.json', import.meta.url), 'utf8'),
  );
  expect(written).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

describe('the JSON Schema', () => {
  const { properties = {}, required, additionalProperties } = configJsonSchema();

  test('requires what has no default, and allows nothing unknown', () => {
    expect(required).toEqual(Object.keys(least));
    expect(additionalProperties).toBe(false);
  });

  test('allows a reference where a number stands, one duration for a list, and text for a key', () => {
    expect(properties.mysql?.properties?.serverId?.anyOf).toMatchObject([
      { type: 'integer' },
      { type: 'string' },
    ]);
    expect(properties.settle?.properties?.after?.anyOf?.map(({ type }) => type)).toEqual([
      'array',
      undefined,
    ]);
    const { additionalProperties: table } = properties.tables ?? {};
    const keys = typeof table === 'object' ? table.properties?.keys : undefined;
    expect(keys?.items?.anyOf).toMatchObject([{ type: 'object', required: ['key'] }, { type: 'string' }]);
  });
});

describe("the README's tables", () => {
  test('every field has a line with a meaning', () => {
    const lines = configurationReference().split('\n').slice(2);
    for (const line of lines) expect(line).toMatch(/^\| `[^`]+` \| (required|`.+`|) \| .{5,} \|$/);
    const fields = lines.map((line) => line.split('`')[1]);
    for (const section of Object.keys(parse(JSON.stringify(leastData)))) {
      if (section !== 'warnings') expect(fields).toContain(section);
    }
    expect(fields).toContain('tables.<name>.keys[].value.json');
    expect(lines.find((line) => line.includes('`retry.backoff`'))).toContain('| `"500ms"` |');
  });

  test('every error code has a line', () => {
    for (const code of Object.keys(errorTable)) expect(errorReference()).toContain(`| \`${code}\` |`);
  });
});

const leastData = {
  name: 'shop',
  mysql: { url: 'mysql://h', serverId: 1 },
  kafka: { brokers: ['a:1'] },
  redis: { url: 'redis://a' },
  queue: { url: 'redis://b' },
  tables: { 'a.b': { keys: ['c'] } },
};
