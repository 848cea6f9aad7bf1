import { readFile } from 'node:fs/promises';
import { type ICruiseResult, cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { globSync } from 'tinyglobby';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

/** What each folder of src may import of the others, besides errors.ts. */
const BORDERS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  mapping: ['domain'],
  compare: ['domain', 'mapping'],
  config: ['domain', 'mapping'],
  ops: ['domain'],
  tail: ['domain', 'ops'],
  publish: ['domain', 'ops'],
  invalidate: ['domain', 'ops'],
  settle: ['domain', 'ops'],
  retry: ['domain', 'ops'],
  // Besides the deletion path, which all share, it needs what a key and a value mean.
  reconcile: ['domain', 'ops', 'mapping', 'compare', 'invalidate'],
  // Adapters: they turn a library into the functions that stages ask for, so they know the stages' types.
  clients: [
    'domain',
    'config',
    'ops',
    'mapping',
    'tail',
    'publish',
    'invalidate',
    'settle',
    'retry',
    'reconcile',
  ],
  cli: [
    'domain',
    'config',
    'ops',
    'mapping',
    'compare',
    'tail',
    'publish',
    'invalidate',
    'settle',
    'retry',
    'reconcile',
    'clients',
  ],
};

/** The only files that know a client library. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  '@vlasky/zongji': ['src/tail/binlog.ts', 'src/tail/zongji-rows.ts'],
  kafkajs: [
    'src/clients/kafka.ts',
    'src/clients/kafka-consumer.ts',
    'src/clients/kafka-groups.ts',
    'src/clients/kafka-reader.ts',
  ],
  bullmq: [
    'src/clients/bullmq.ts',
    'src/clients/queue.ts',
    'src/clients/queue-worker.ts',
    'src/clients/reconcile-queue.ts',
    'src/clients/reconcile-worker.ts',
  ],
  mysql2: [
    'src/clients/mysql.ts',
    'src/clients/mysql-lock.ts',
    'src/clients/mysql-pool.ts',
    'src/clients/replica.ts',
  ],
  ioredis: [
    'src/clients/redis-connection.ts',
    'src/clients/redis-scripts.ts',
    'src/clients/cache-node.ts',
    'src/clients/cache-routes.ts',
    'src/clients/bullmq.ts',
    'src/clients/report-store.ts',
  ],
};

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 60;
/** Larger, and why that reads better than two of them. */
const SIZE_EXCEPTIONS: Readonly<Record<string, string>> = {
  'src/ops/metrics.ts': 'one table, a line a metric',
};

const SOURCES = globSync('src/**/*.ts').sort();
const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

describe('the architecture', () => {
  let modules: ICruiseResult['modules'];

  beforeAll(async () => {
    const options = { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true };
    const resolving = { extensionAlias: { '.js': ['.ts', '.js'] } };
    const { output } = await cruise(['src'], options, resolving, {
      tsConfig: extractTSConfig('tsconfig.json'),
    });
    if (typeof output === 'string') throw new Error(output);
    modules = output.modules.filter(({ source }) => source.startsWith('src/'));
  }, 60_000);

  const imports = (): { from: string; to: string }[] =>
    modules.flatMap(({ source, dependencies }) =>
      dependencies.map(({ resolved }) => ({ from: source, to: resolved })),
    );

  test('is known in full: every file of src is seen, and so are its imports', () => {
    expect(modules.map(({ source }) => source).sort()).toEqual(SOURCES);
    expect(imports()).toContainEqual({ from: 'src/cli/parts.ts', to: 'src/publish/topics.ts' });
    expect([...new Set(SOURCES.map(folderOf).filter((folder) => folder !== undefined))].sort()).toEqual(
      Object.keys(BORDERS).sort(),
    );
  });

  test('stages meet only in the wiring', () => {
    const trespasses = imports().filter(({ from, to }) => {
      const [own, other] = [folderOf(from), folderOf(to)];
      if (own === undefined || other === undefined || own === other) return false;
      return BORDERS[own]?.includes(other) !== true;
    });
    expect(trespasses).toEqual([]);
  });

  test('what stages take of ops are types', async () => {
    const values: string[] = [];
    for (const path of SOURCES.filter((each) =>
      /^src\/(tail|publish|invalidate|settle|retry|reconcile)\//.test(each),
    )) {
      const text = await readFile(path, 'utf8');
      for (const [line] of text.matchAll(/^import (?!type ).*'\.\.\/ops\/.*$/gm))
        values.push(`${path}: ${line}`);
    }
    expect(values).toEqual([]);
  });

  test('each client library is known to its files alone', () => {
    const trespasses = imports().filter(({ from, to }) => {
      const library = Object.keys(LIBRARIES).find((name) => to.includes(`node_modules/${name}/`));
      return library !== undefined && LIBRARIES[library]?.includes(from) !== true;
    });
    expect(trespasses).toEqual([]);
  });

  test('no file imports itself by way of others', () => {
    const circles = modules.flatMap(({ source, dependencies }) =>
      dependencies.filter(({ circular }) => circular).map(({ resolved }) => `${source} -> ${resolved}`),
    );
    expect(circles).toEqual([]);
  });

  test('the environment is read in one place', async () => {
    const readers: string[] = [];
    for (const path of SOURCES)
      if ((await readFile(path, 'utf8')).includes('process.env')) readers.push(path);
    expect(readers).toEqual(['src/cli/main.ts']);
  });

  test('files and functions have one concept each, as far as their size tells', async () => {
    const tooLarge: string[] = [];
    for (const path of SOURCES) {
      const text = await readFile(path, 'utf8');
      const lines = text.split('\n').length - 1;
      if (lines > FILE_LINES_MAX) tooLarge.push(`${path}: ${lines} lines`);
      tooLarge.push(...largeFunctions(path, text));
    }
    expect(tooLarge.filter((each) => SIZE_EXCEPTIONS[each.split(': ')[0] ?? ''] === undefined)).toEqual([]);
  });
});

function largeFunctions(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const found: string[] = [];
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      const first = lineOf(node.getStart(file));
      const lines = lineOf(node.getEnd()) - first + 1;
      if (lines > FUNCTION_LINES_MAX)
        found.push(`${path}: the function at line ${first + 1} has ${lines} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
