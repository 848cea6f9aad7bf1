import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.js';
import { yamlWith } from './support.js';

test('secrets are read relative to the file, and messages name the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unstale-config-'));
  try {
    const path = join(folder, 'shop.yaml');
    await writeFile(join(folder, 'token'), 'secret\n');
    await writeFile(path, yamlWith({ ops: '{ token: "${file:token}" }' }));
    expect((await loadConfig({ path, env: {} })).ops.token).toBe('secret');

    await writeFile(path, yamlWith({ ops: '{ token: "${file:tokn}" }' }));
    await expect(loadConfig({ path, env: {} })).rejects.toThrow(
      `${path}:7:15 the file tokn cannot be read (ENOENT)`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a missing file is told with the way out', async () => {
  const loading = loadConfig({ path: join(tmpdir(), 'unstale-none', 'c.yaml'), env: {} });
  await expect(loading).rejects.toMatchObject({ code: 'CONFIG_INVALID', exitCode: 2 });
  await expect(loading).rejects.toThrow(/c\.yaml cannot be read \(ENOENT.*Name another with -c\./);
});
