import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml, stringify } from 'yaml';
import { parseConfig } from '../../../src/config/parse.js';
import { errorTable } from '../../../src/errors.js';
import { createMetrics } from '../../../src/ops/metrics.js';
import { least } from '../config/support.js';
import { exampleEnvironment, inRepository, textOf } from './support.js';

const startMs = 60_000; // each help text is a process that compiles the program
let readme = '';

beforeAll(async () => {
  readme = await textOf('README.md');
});

/** What stands between the fences of one language. */
const examples = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);

/** A whole configuration from one that may have only some of its sections. */
function completed(example: string): string {
  const given = parseYaml(example) as object;
  const rest = Object.entries(least).filter(([name]) => !(name in given));
  return `${rest.map(([name, text]) => `${name}: ${text}\n`).join('')}${example}`;
}

const help = async (...args: string[]): Promise<string> =>
  (await execa('node', ['--import', 'tsx', inRepository('src/cli/main.ts'), ...args, '--help'])).stdout;

/** The words that begin the lines of a help text's section. */
const entriesOf = (text: string, section: string): string[] => {
  const [, body = ''] = new RegExp(`^${section}:\n((?: .*\n?)+)`, 'm').exec(text) ?? [];
  return [...body.matchAll(/^ {2}(\S.*?)(?: {2,}|$)/gm)].map(([, entry = '']) => entry);
};

describe('the README', () => {
  test("shows the demo's configuration as it is", async () => {
    expect(examples('yaml')).toContain(await textOf('infra/demo/unstale.yaml'));
  });

  test('shows only configurations that the program accepts', () => {
    expect(examples('yaml').length).toBeGreaterThan(2);
    for (const example of examples('yaml')) {
      const { tables } = parseConfig(completed(example), { env: exampleEnvironment });
      expect(tables.length).toBeGreaterThan(0);
    }
  });

  test('tells every command and option', { timeout: startMs }, async () => {
    const commands = entriesOf(await help(), 'Commands').map((entry) => entry.split(' ', 1)[0] ?? '');
    expect(commands).toContain('run');
    const texts = await Promise.all(
      commands.map((name) => (name === 'help' ? Promise.resolve('') : help(name))),
    );
    const options = texts.flatMap(
      (text) =>
        entriesOf(text, 'Options')
          .join(' ')
          .match(/--[a-z-]+/g) ?? [],
    );
    expect(options).toContain('--config');
    for (const name of commands) expect(readme).toContain(`\`unstale ${name}\``);
    for (const option of options) expect(readme, option).toMatch(new RegExp(`\`[^\`\n]*${option}(?![a-z-])`));
  });

  test('lists every metric, and no other', async () => {
    const registry = await createMetrics().text();
    const measured = [...registry.matchAll(/^# TYPE (unstale_\w+)/gm)].map(([, name]) => name);
    const section = readme.slice(readme.indexOf('| metric'), readme.indexOf('prom-client'));
    const listed = [...section.matchAll(/`(unstale_\w+)(?:\{[\w,]+\})?`/g)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(measured.toSorted());
    const others = [...readme.matchAll(/unstale_[a-z_]+/g)].map(([name]) => name);
    expect(measured).toEqual(expect.arrayContaining(others));
  });

  test('tells what to do about every error', () => {
    const table = readme.indexOf('<!-- errors:start -->');
    const runbook = readme.slice(readme.indexOf('### What to watch'), table);
    for (const code of Object.keys(errorTable)) expect(runbook).toContain(`\`${code}\``);
  });

  test('has tables that were made from this code', { timeout: startMs }, async () => {
    const script = inRepository('infra/docs/write-reference.ts');
    const { exitCode, stderr } = await execa('node', ['--import', 'tsx', script, '--check'], {
      reject: false,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('links to what is there', () => {
    const headings = [...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, target = ''] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('#')) expect(headings).toContain(target.slice(1));
      else expect(existsSync(inRepository(target)), target).toBe(true);
    }
  });

  test('names only scripts of package.json', async () => {
    const { scripts } = JSON.parse(await textOf('package.json')) as { scripts: object };
    const named = [...readme.matchAll(/npm run (?:--silent )?([a-z:]+)/g)].map(([, name]) => name);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });
});

test('an example with an unknown field would be found', () => {
  const wrong = stringify({ tables: { 'shop.products': { keys: ['product:{id}'], colour: 'red' } } });
  expect(() => parseConfig(completed(wrong), { env: {} })).toThrow('there is no such field');
});
