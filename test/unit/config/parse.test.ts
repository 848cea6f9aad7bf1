import { describe, expect, test } from 'vitest';
import { parse, parseWith, problemsIn, problemsWith, yamlWith } from './support.js';

describe('defaults', () => {
  test('the least configuration is complete', () => {
    expect(parseWith({})).toEqual({
      name: 'shop',
      mysql: { url: 'mysql://cdc:pw@127.0.0.1:3306', serverId: 40017 },
      kafka: {
        brokers: ['127.0.0.1:9092'],
        topic: 'mysql_updates',
        partitions: 12,
        columns: 'mapped',
        ssl: false,
        producer: { retries: 10, retryBackoffMs: 100 },
        consumer: { groupId: 'cache-deletion-group', maxPollRecords: 2000, maxPollIntervalMs: 300_000 },
      },
      redis: { kind: 'single', url: 'redis://127.0.0.1:6379/0', keyPrefix: '' },
      queue: { url: 'redis://127.0.0.1:6380/0', shared: false },
      tables: [
        {
          name: 'shop.products',
          match: { kind: 'exact', table: { db: 'shop', table: 'products' } },
          keys: [{ key: 'product:{id}' }],
        },
      ],
      retry: { attempts: 12, backoffMs: 500, maxBackoffMs: 300_000, jitter: 0.5, depthMax: 1_000_000 },
      settle: { afterMs: [2000] },
      reconcile: {
        schedule: { kind: 'every', everyMs: 1_800_000 },
        recentEveryMs: 300_000,
        atStart: true,
        repair: true,
        chunk: 2000,
        confirmAfterMs: 5000,
        waitMaxMs: 120_000,
        maxRowsPerSecond: 50_000,
        maxOpsPerSecond: 100_000,
        maxReplicaLagMs: 10_000,
        maxRedisLatencyMs: 50,
        maxRepairs: { share: 0.1, count: 100_000 },
        topic: 'inventory_updates',
        show: 'values',
        keepReports: 200,
      },
      alerts: { webhook: '' },
      ops: { host: '127.0.0.1', port: 9400, token: '' },
      log: { level: 'info' },
      warnings: [],
    });
  });

  test('a section with one field keeps the defaults of the others', () => {
    expect(parseWith({ retry: '{ attempts: 3 }' }).retry).toMatchObject({ attempts: 3, backoffMs: 500 });
    const { producer } = parseWith({ kafka: '{ brokers: ["a:1"], producer: { retries: 0 } }' }).kafka;
    expect(producer).toEqual({ retries: 0, retryBackoffMs: 100 });
  });
});

describe('fields', () => {
  test.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
  ])('the duration %s is %d ms', (text, ms) => {
    expect(parseWith({ retry: `{ maxBackoff: ${text} }` }).retry.maxBackoffMs).toBe(ms);
  });

  test.each([
    ['[2s, 1m]', [2000, 60_000]],
    ['500ms', [500]],
    ['[]', []],
  ])('settle.after: %s', (text, afterMs) => {
    expect(parseWith({ settle: `{ after: ${text} }` }).settle.afterMs).toEqual(afterMs);
  });

  test.each([
    ['{}', { kind: 'every', everyMs: 1_800_000 }],
    ['{ every: 1h }', { kind: 'every', everyMs: 3_600_000 }],
    ['{ every: never }', { kind: 'never' }],
    ['{ cron: "0 3 * * *" }', { kind: 'cron', pattern: '0 3 * * *' }],
    ['{ cron: "30 0 3 * * *" }', { kind: 'cron', pattern: '30 0 3 * * *' }],
  ])('reconcile: %s', (text, schedule) => {
    expect(parseWith({ reconcile: text }).reconcile.schedule).toEqual(schedule);
  });

  test('reconcile.recent may be never', () => {
    expect(parseWith({ reconcile: '{ recent: never }' }).reconcile.recentEveryMs).toBeUndefined();
  });

  test('reconcile takes a period or a cron expression, not both', () => {
    expect(problemsWith({ reconcile: '{ every: 1h, cron: "0 3 * * *" }' })).toEqual([
      expect.stringContaining('reconcile.cron: give `every` or `cron`, not both'),
    ]);
    expect(problemsWith({ reconcile: '{ cron: tomorrow }' })).toEqual([
      expect.stringContaining('reconcile.cron: expected a cron expression'),
    ]);
    expect(problemsWith({ reconcile: '{ every: never, cron: "0 3 * * *" }' })).toHaveLength(1);
  });

  test.each([
    ['{ every: 9s }', 'reconcile.every: expected a duration from 10s to 30d, like 30m, or never; found "9s"'],
    ['{ every: 30 }', 'reconcile.every: expected a duration from 10s to 30d, like 30m, or never; found 30'],
    [
      '{ recent: 2d }',
      'reconcile.recent: expected a duration from 10s to 1d, like 30m, or never; found "2d"',
    ],
    [
      '{ maxRepairs: { share: 1.5 } }',
      'reconcile.maxRepairs.share: expected a number from 0 to 1; found 1.5',
    ],
    ['{ show: all }', 'reconcile.show: expected "values" or "hashes"; found "all"'],
    ['{ readFrom: "http://h" }', 'reconcile.readFrom: '],
    ['{ chunks: 5 }', 'reconcile.chunks: there is no such field; did you mean "chunk"?'],
  ])('reconcile: %s is refused', (reconcile, problem) => {
    expect(problemsWith({ reconcile })).toEqual([expect.stringContaining(problem)]);
  });

  test('a key may be expected to be present', () => {
    const tables = '{ shop.t: { keys: [{ key: "a:{id}", expect: present }] } }';
    expect(parseWith({ tables }).tables[0]?.keys).toEqual([{ key: 'a:{id}', expect: 'present' }]);
    expect(problemsWith({ tables: tables.replace('present', 'absent') })).toEqual([
      expect.stringContaining('keys[0].expect: expected "present"; found "absent"'),
    ]);
  });

  test.each([
    [
      'deleted_at',
      'gone: expected columns and what tells that the row is gone, like { deleted_at: notNull }',
    ],
    ['[deleted_at]', 'gone: expected columns and what tells that the row is gone'],
    ['{ deleted_at: [1] }', 'gone.deleted_at: expected notNull, null, or a value'],
    ['{ "": notNull }', 'gone'],
  ])('gone: %s is refused', (gone, problem) => {
    const found = problemsWith({ tables: `{ shop.t: { keys: [a], gone: ${gone} } }` });
    expect(found).toEqual([expect.stringContaining(problem)]);
  });

  test.each([
    ['notNull', 'notNull'],
    ['null', 'null'],
    ['archived', { is: 'archived' }],
    ['1', { is: '1' }],
    ['true', { is: '1' }],
  ])('gone: { column: %s }', (text, when) => {
    const { tables } = parseWith({ tables: `{ shop.t: { keys: [a], gone: { column: ${text} } } }` });
    expect(tables[0]?.gone).toEqual({ column: when });
  });

  test('a cluster is a list of nodes', () => {
    const redis = '{ cluster: ["a:7000", "[::1]:7001"], username: u, password: p, keyPrefix: "app:" }';
    expect(parseWith({ redis }).redis).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7000 },
        { host: '::1', port: 7001 },
      ],
      username: 'u',
      password: 'p',
      keyPrefix: 'app:',
    });
  });

  test('Kafka may need TLS and a login', () => {
    const sasl = '{ mechanism: scram-sha-512, username: u, password: p }';
    const { kafka } = parseWith({ kafka: `{ brokers: ["a:1"], ssl: true, sasl: ${sasl} }` });
    expect(kafka).toMatchObject({
      ssl: true,
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p' },
    });
  });

  test('keys have many forms', () => {
    const tables = `
  "\`my.db\`.\`t-1\`":
    keys:
      - product:{id}
      - { key: "a:{id}:{l}", field: "{sku}", with: { l: [en, de] }, when: [sku], value: { string: stock } }
      - { key: b, value: { json: { price.amount: price } } }
      - { key: c, value: { hash: { s: stock } } }
  "/^shop_(?<tenant>\\\\w+)\\\\.products_\\\\d{2}$/":
    keys: ["{tenant}:{id}"]
  /^X\\./i:
    keys: ["x"]`;
    const [exact, pattern, insensitive] = parseWith({ tables }).tables;
    expect(exact).toEqual({
      name: '`my.db`.`t-1`',
      match: { kind: 'exact', table: { db: 'my.db', table: 't-1' } },
      keys: [
        { key: 'product:{id}' },
        {
          key: 'a:{id}:{l}',
          field: '{sku}',
          with: { l: ['en', 'de'] },
          when: ['sku'],
          value: { kind: 'string', column: 'stock' },
        },
        { key: 'b', value: { kind: 'json', columns: { 'price.amount': 'price' } } },
        { key: 'c', value: { kind: 'hash', columns: { s: 'stock' } } },
      ],
    });
    expect(pattern?.match).toEqual({ kind: 'pattern', pattern: /^shop_(?<tenant>\w+)\.products_\d{2}$/ });
    expect(insensitive?.match).toEqual({ kind: 'pattern', pattern: /^X\./i });
  });
});

test('a file with two dozen problems tells all of them, each with its place and what would be right', () => {
  const text = `name: "bad name!"
mysql:
  url: mysql://cdc:\${PW}@127.0.0.1:3306
  serverId: 0
  replicas: []
  sererId: 3
kafka:
  brokers: [127.0.0.1]
  partitions: 0
  columns: some
  producer: { retries: x, retryBackoff: 100 }
redis:
  url: redis://localhost:6379/0
queue:
  url: redis://127.0.0.1/1
tables:
  shop.products:
    keys:
      - "product:{id"
      - key: "product:{id|lowr}"
        when: price
      - members: { set: x }
      - { key: "x:{id}", with: { l: [a, b] } }
  products:
    keys: []
  "/^(/":
    keys: ["{id}"]
retry: { backoff: 10s, maxBackoff: 1s, jitter: 2 }
settle: { after: 2 }
flush: {}
ops: { listen: "9400", token: 5 }
`;
  expect(problemsIn(text, { fileName: 'c.yaml' })).toEqual([
    'c.yaml:1:7 name: expected a letter or digit, then up to 40 letters, digits, "_" and "-"; found "bad name!"',
    'c.yaml:3:8 the environment variable PW is not set; set it, or write ${PW:-default}',
    'c.yaml:4:13 mysql.serverId: expected a whole number from 1 to 4294967295; found 0',
    'c.yaml:5:3 mysql.replicas: not supported yet; leave it out',
    'c.yaml:6:12 mysql.sererId: there is no such field; did you mean "serverId"?',
    'c.yaml:8:13 kafka.brokers[0]: expected host:port, like kafka-1:9092; found "127.0.0.1"',
    'c.yaml:9:15 kafka.partitions: expected a whole number from 1 to 10000; found 0',
    'c.yaml:10:12 kafka.columns: expected "mapped" or "all"; found "some"',
    'c.yaml:11:24 kafka.producer.retries: expected a whole number from 0 to 1000; found "x"',
    'c.yaml:11:41 kafka.producer.retryBackoff: expected a duration from 1ms to 5m, like 500ms, 2s, 30m or 1h; found 100',
    expect.stringContaining(
      "c.yaml:15:8 queue.url: this is the cache's own Redis (127.0.0.1:6379); give the queue its own",
    ),
    'c.yaml:19:9 tables["shop.products"].keys[0].key: at character 9 of "product:{id": this { is never closed; write {{ for a literal brace',
    expect.stringContaining(
      'c.yaml:20:14 tables["shop.products"].keys[1].key: at character 13 of "product:{id|lowr}"',
    ),
    'c.yaml:21:15 tables["shop.products"].keys[1].when: expected a list of columns, like [status]; found "price"',
    'c.yaml:22:9 tables["shop.products"].keys[2].members: not supported yet; leave it out',
    expect.stringContaining(
      'c.yaml:23:34 tables["shop.products"].keys[3].with.l: neither key nor field uses {l}',
    ),
    expect.stringContaining(
      'c.yaml:24:3 tables.products: expected db.table, like shop.products, or a pattern',
    ),
    'c.yaml:25:5 tables.products.keys: expected at least one key template',
    expect.stringContaining('c.yaml:26:3 tables["/^(/"]: expected a regular expression of JavaScript'),
    'c.yaml:28:36 retry.maxBackoff: expected at least retry.backoff; found "1s"',
    'c.yaml:28:48 retry.jitter: expected a number from 0 to 1; found 2',
    'c.yaml:29:18 settle.after[0]: expected a duration from 1ms to 1d, like 500ms, 2s, 30m or 1h; found 2',
    'c.yaml:30:1 flush: not supported yet; leave it out',
    'c.yaml:31:16 ops.listen: expected host:port, like 127.0.0.1:9400; found "9400"',
    'c.yaml:31:31 ops.token: expected text; put the number in quotes',
  ]);
});

describe('what later versions bring is refused by name', () => {
  test.each([
    ['mysql.replicas', { mysql: '{ url: mysql://h, serverId: 1, replicas: [] }' }],
    ['mysql.onLostPosition', { mysql: '{ url: mysql://h, serverId: 1, onLostPosition: flush }' }],
    ['kafka.topics', { kafka: '{ brokers: ["a:1"], topics: [] }' }],
    ['redis.sentinels', { redis: '{ sentinels: [] }' }],
    ['redis.master', { redis: '{ url: redis://h, master: m }' }],
    ['redis.replayWindow', { redis: '{ url: redis://h, replayWindow: 1h }' }],
    ['caches', { caches: '{ eu: { url: redis://h } }' }],
    ['flush', { flush: '{ every: 30s }' }],
    ['settle.replicaTimeout', { settle: '{ replicaTimeout: 5m }' }],
    ['settle.visibleWithin', { settle: '{ visibleWithin: 1s }' }],
    ['tables["shop.t"].onRename', { tables: '{ shop.t: { keys: [a], onRename: flush } }' }],
    ['tables["shop.t"].lookup', { tables: '{ shop.t: { keys: [a], lookup: {} } }' }],
    ['tables["shop.t"].members', { tables: '{ shop.t: { keys: [a], members: {} } }' }],
    ['tables["shop.t"].keys[0].lookup', { tables: '{ shop.t: { keys: [{ key: a, lookup: {} }] } }' }],
    ['tables["shop.t"].keys[0].members', { tables: '{ shop.t: { keys: [{ members: { set: x } }] } }' }],
  ] as [string, Record<string, string>][])('%s', (path, fields) => {
    expect(problemsWith(fields)).toEqual([expect.stringMatching(/ not supported yet; leave it out$/)]);
    expect(problemsWith(fields)[0]).toContain(` ${path}: `);
  });

  test('caches make a missing redis no second problem', () => {
    const text = yamlWith({ caches: '{}' }).replace(/^redis: .*\n/m, '');
    expect(problemsIn(text)).toEqual([expect.stringContaining('caches: not supported yet')]);
  });
});

describe('checks over several fields', () => {
  test.each([
    ['redis://127.0.0.1:6379/3', '{ url: redis://127.0.0.1/0 }'],
    ['redis://LOCALHOST:6379', '{ url: redis://127.0.0.1:6379/0 }'],
    ['rediss://u:p@[::1]:6379', '{ url: redis://localhost }'],
    ['redis://b:7001', '{ cluster: ["a:7000", "B:7001"] }'],
  ])("the queue %s must not be the cache's own server %s", (url, redis) => {
    expect(problemsWith({ redis, queue: `{ url: "${url}" }` })).toEqual([
      expect.stringContaining("the cache's own Redis"),
    ]);
    const shared = parseWith({ redis, queue: `{ url: "${url}", shared: true }` });
    expect(shared.warnings).toEqual([expect.stringContaining("the queue lives in the cache's Redis")]);
  });

  test('another port is another server', () => {
    expect(parseWith({ queue: '{ url: redis://127.0.0.1:6378/0 }' }).warnings).toEqual([]);
  });

  test.each([
    ['{}', 'expected url (one server) or cluster (a list of host:port)'],
    ['{ url: redis://h, cluster: ["a:1"] }', 'expected either url or cluster, not both'],
    ['{ url: redis://h, password: p }', 'username and password belong to cluster'],
    ['{ cluster: [] }', 'expected at least one host:port'],
  ])('redis: %s is refused', (redis, problem) => {
    expect(problemsWith({ redis })).toEqual([expect.stringContaining(problem)]);
  });

  test('listening for other machines without a token is a warning', () => {
    expect(parseWith({ ops: '{ listen: "0.0.0.0:9400" }' }).warnings).toEqual([
      expect.stringContaining('ops.token is empty'),
    ]);
    expect(parseWith({ ops: '{ listen: "0.0.0.0:9400", token: t }' }).warnings).toEqual([]);
    expect(parseWith({ ops: '{ listen: "[::1]:0" }' })).toMatchObject({
      ops: { host: '::1', port: 0 },
      warnings: [],
    });
  });
});

describe('what is missing or no YAML', () => {
  test('every required field is named, with what it should be', () => {
    expect(problemsIn('{}')).toEqual([
      'unstale.yaml:1:1 name: required; expected a name',
      'unstale.yaml:1:1 mysql: required; expected fields: url, serverId',
      expect.stringContaining('kafka: required; expected fields: brokers, topic'),
      expect.stringContaining('redis: required; expected fields: url, cluster'),
      'unstale.yaml:1:1 queue: required; expected fields: url, shared',
      expect.stringContaining('tables: required; expected tables, like shop.products'),
    ]);
    expect(problemsWith({ mysql: '{ url: mysql://h }' })).toEqual([
      'unstale.yaml:2:1 mysql.serverId: required; expected a whole number from 1 to 4294967295',
    ]);
  });

  test.each([
    ['', 'unstale.yaml:1:1 the file is empty'],
    ['just text', 'unstale.yaml:1:1 expected fields: name, mysql, kafka'],
    ['a: [1', 'unstale.yaml:1:6 this is no YAML: '],
    ['a: 1\n---\nb: 1', 'this is no YAML: Source contains multiple documents'],
    ['a: 1\nb: *none', 'unstale.yaml:2:4 a text that begins with * must stand in quotes'],
    ['a: !none x', 'unstale.yaml:1:4 a text that begins with ! must stand in quotes'],
    ['mysql: { url: ${URL} }', 'a text with ${…} inside [ ] or { } must stand in quotes'],
  ])('%j', (text, problem) => {
    expect(problemsIn(text).join('\n')).toContain(problem);
  });

  test('a field that stands twice is told beside the other problems', () => {
    expect(problemsIn(`${yamlWith({ retry: '{ jitter: 7 }' })}name: again\n`)).toEqual([
      expect.stringContaining('retry.jitter'),
      expect.stringContaining('unstale.yaml:8:1 this is no YAML: Map keys must be unique'),
    ]);
  });

  test('an empty section, an empty list and a section that is text', () => {
    expect(problemsWith({ mysql: '', tables: '{}', queue: 'redis://h' })).toEqual([
      'unstale.yaml:2:1 mysql: expected fields: url, serverId; found nothing',
      'unstale.yaml:5:8 queue: expected fields: url, shared; found "redis://h"',
      'unstale.yaml:6:1 tables: expected at least one table',
    ]);
  });

  test('aliases work, and those that multiply are refused', () => {
    const aliased = parse(yamlWith({ tables: '{ a.b: &t { keys: ["k:{id}"] }, a.c: *t }' }));
    expect(aliased.tables.map(({ keys }) => keys)).toEqual([[{ key: 'k:{id}' }], [{ key: 'k:{id}' }]]);
    const levels = Array.from({ length: 9 }, (_, i) => `x${i + 1}: &x${i + 1} [${`*x${i}, `.repeat(9)}]`);
    expect(problemsIn(`x0: &x0 [a]\n${levels.join('\n')}`)).toEqual([expect.stringContaining('alias')]);
  });
});
