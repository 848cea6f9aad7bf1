import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { ServerAddresses } from '../local/servers.js';
import { audit, type AuditResult } from './audit.js';
import { createBackground, repeat, type Background } from './background.js';
import { createBoard, type Board } from './board.js';
import { connectRedis, connectShop } from './clients.js';
import type { Closer } from './closer.js';
import { createShop, createUnstaleAccount } from './schema.js';
import { startThread, type Thread } from './thread.js';
import { probeThread, shopThread } from './threads.js';
import { openScreen } from './view/screen.js';

/** What stands before the first phase begins, and what each phase can do. All of it is released by the closer. */
export interface Stage {
  readonly board: Board;
  readonly background: Background;
  /** MySQL for the account with unstale's grants. */
  readonly unstaleUrl: string;
  readonly openShop: (rates: { writesPerSecond: number; readers: number }) => Thread;
  readonly startProbe: () => Thread;
  /** Starts to do something over and over. */
  readonly keep: (restMs: number, task: () => Promise<void>) => void;
  readonly emptyCache: () => Promise<unknown>;
  /** A new price for so many products, of which the binlog tells nothing. */
  readonly changePastBinlog: (rows: number) => Promise<void>;
  /** One pass over the whole cache, as fast as it goes. */
  readonly auditAll: () => Promise<AuditResult>;
}

const lookAgainMs = 250;
const auditRestMs = 500;
const probesPerSecond = 20;
const auditConnectionsMax = 3;

/** Creates the shop's database, empties its cache, and begins to audit and to show. */
export async function setStage(
  { mysql: mysqlUrl, cache: cacheUrl }: ServerAddresses,
  closer: Closer,
): Promise<Stage> {
  const unstaleUrl = await createDatabase(mysqlUrl);
  const mysql = connectShop(mysqlUrl, auditConnectionsMax);
  closer.add(() => mysql.end());
  const cache = connectRedis(cacheUrl);
  closer.add(() => {
    cache.disconnect();
  });
  await cache.flushdb();
  const audited = { mysql, cache, lookAgainMs };

  const board = createBoard(Date.now);
  const background = createBackground();
  const keep = (restMs: number, task: () => Promise<void>): void => {
    const over = new AbortController();
    const kept = repeat(over.signal, restMs, task);
    background.watch(kept);
    closer.add(() => {
      over.abort();
      return kept.catch(() => undefined); // the background tells of it
    });
  };
  const watched = (thread: Thread): Thread => {
    background.watch(thread.ended);
    closer.add(thread.kill);
    return thread;
  };
  keep(auditRestMs, async () => {
    board.audit(await audit({ ...audited, gentle: true }));
  });
  keep(1000, () => {
    board.tick();
    return Promise.resolve();
  });
  closer.add(openScreen(board.view).close);

  return {
    board,
    background,
    unstaleUrl,
    keep,
    changePastBinlog: (rows) => changePastBinlog(mysqlUrl, rows),
    auditAll: () => audit({ ...audited, gentle: false }),
    emptyCache: () => cache.flushdb(),
    openShop: (rates) => watched(startThread(shopThread, { mysqlUrl, cacheUrl, ...rates }, board.shop)),
    startProbe: () =>
      watched(
        startThread(probeThread, { mysqlUrl, cacheUrl, probesPerSecond }, (results) => {
          results.forEach(board.latencies.record);
        }),
      ),
  };
}

async function changePastBinlog(mysqlUrl: string, rows: number): Promise<void> {
  const root = await createConnection({ uri: mysqlUrl });
  try {
    await root.query('SET SESSION sql_log_bin = 0');
    await root.query('UPDATE shop.products SET price = price + 1 ORDER BY id LIMIT ?', [rows]);
  } finally {
    await root.end();
  }
}

/** Resolves to the URL that unstale connects with. */
async function createDatabase(mysqlUrl: string): Promise<string> {
  const password = randomBytes(12).toString('base64url');
  const root = await createConnection({ uri: mysqlUrl });
  try {
    await createShop(root);
    await createUnstaleAccount(root, password);
  } finally {
    await root.end();
  }
  const url = new URL(mysqlUrl);
  url.username = 'unstale_cdc';
  url.password = password;
  return url.href;
}
