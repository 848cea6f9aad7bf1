/**
 * The demo's course. In: running servers and rates. Out: the verdict, or undefined if it was stopped before unstale
 * was there. Guarantees: the verdict compared every cached value, after all writers and readers had stopped and
 * the settle delay had passed; and when it is over, nothing of it runs any more.
 */
import { loadConfig } from '../../src/config/load.js';
import type { ServerAddresses } from '../local/servers.js';
import { rest, type Background } from './background.js';
import { createCloser, type Closer } from './closer.js';
import { deleteLeftovers } from './leftovers.js';
import { isDrained } from './metrics.js';
import { productCount } from './schema.js';
import { setStage, type Stage } from './stage.js';
import type { Thread } from './thread.js';
import { changeUntold } from './untold.js';
import { startUnstale, type UnstaleProcess } from './unstale-process.js';
import { judge, type Verdict } from './verdict.js';
import { count } from './view/text.js';

export interface DemoOptions {
  readonly addresses: ServerAddresses;
  readonly writesPerSecond: number;
  readonly readers: number;
  readonly withoutSeconds: number;
  /** Undefined: until it is stopped. */
  readonly withSeconds: number | undefined;
  /** Aborts when the user wants it to end. */
  readonly stopping: AbortSignal;
  /** Aborts, with the error, when a server ends though nobody asked it to. */
  readonly lost: AbortSignal;
}

const program = 'dist/cli/main.js';
const configPath = 'infra/demo/unstale.yaml';
const logPath = '.local/demo/unstale.log';
const pagePath = '.local/demo/report.html';

const metricsEveryMs = 500;
/** Beyond the settle delay, since the tail's lag is told in seconds. */
const settleMarginMs = 1500;
const drainWithinMs = 30_000;

export async function runDemo(options: DemoOptions): Promise<Verdict | undefined> {
  const closer = createCloser();
  const isStopped = (): boolean => options.stopping.aborted;
  try {
    const stage = await setStage(options.addresses, closer);
    stage.background.watch(failureOf(options.lost));
    const env = envOf(stage, options.addresses);
    const config = await loadConfig({ path: configPath, env });
    await deleteLeftovers(config);
    const shop = await withoutUnstale(stage, options);
    if (isStopped()) return undefined;
    const unstale = await joinUnstale(stage, options, env, closer);
    if (isStopped()) return undefined;
    return await withUnstale(stage, options, shop, {
      env,
      unstale,
      settleMs: Math.max(0, ...config.settle.afterMs),
    });
  } finally {
    await closer.close();
  }
}

async function withoutUnstale({ board, background, openShop }: Stage, options: DemoOptions): Promise<Thread> {
  board.enter('without', options.withoutSeconds);
  const { writesPerSecond, readers } = options;
  const shop = openShop({ writesPerSecond, readers });
  board.note(`the shop opens: ${count(productCount)} products, ${readers} readers`);
  await background.meanwhile(rest(options.withoutSeconds * 1000, interrupted(background, options)));
  return shop;
}

type Environment = Readonly<Record<string, string>>;

/** What the configuration file reads from the environment. */
const envOf = ({ unstaleUrl }: Stage, { kafka, cache, queue }: ServerAddresses): Environment => ({
  MYSQL_URL: unstaleUrl,
  KAFKA_BROKER: kafka[0] ?? '',
  CACHE_URL: cache,
  QUEUE_URL: queue,
});

/** Starts unstale and waits until it is ready, or until the demo is stopped. */
async function joinUnstale(stage: Stage, options: DemoOptions, env: Environment, closer: Closer) {
  const { board, background, keep } = stage;
  board.enter('joining');
  board.note(`unstale run -c ${configPath} (logs in .local/demo)`);
  const unstale = await startUnstale({ program, configPath, logPath, env });
  closer.add(unstale.stop);
  background.watch(unstale.died);
  await background.meanwhile(unstale.ready(interrupted(background, options)));
  keep(metricsEveryMs, async () => {
    const figures = await unstale.figures();
    if (figures) board.unstale(figures);
  });
  return unstale;
}

interface Joined {
  readonly env: Environment;
  readonly unstale: UnstaleProcess;
  readonly settleMs: number;
}

async function withUnstale(
  stage: Stage,
  options: DemoOptions,
  shop: Thread,
  joined: Joined,
): Promise<Verdict> {
  const { board, background, emptyCache, startProbe } = stage;
  const { unstale, settleMs, env } = joined;
  const { staleNow: staleWithoutUnstale } = board.view();
  // unstale deletes what changes from now on. What went stale before has to be cleared away, once.
  await emptyCache();
  board.audit({ cached: 0, stale: [] });
  board.note('unstale is ready; the cache is emptied once, of older stale values');
  board.enter('with', options.withSeconds);
  const probe = startProbe();
  await background.meanwhile(
    rest(options.withSeconds && options.withSeconds * 1000, interrupted(background, options)),
  );

  board.enter('ending');
  await background.meanwhile(Promise.all([shop.stop(), probe.stop()]));
  board.note('writers and readers have stopped');
  const drained = await background.meanwhile(drain(unstale, settleMs, background.failed));
  board.note('every cached value is compared with its row');
  const { cached, stale } = await background.meanwhile(stage.auditAll());
  board.audit({ cached, stale });
  const untold = await background.meanwhile(
    changeUntold(stage, { program, configPath, env, pagePath, signal: background.failed }),
  );
  const unstaleExitCode = await unstale.stop();
  return judge({
    changes: board.view().changes,
    compared: cached,
    staleKeys: stale,
    staleWithoutUnstale,
    drained,
    untold,
    unstaleExitCode,
    commitToDelete: board.latencies.all() ?? null,
    probesGivenUp: board.latencies.gaveUp(),
  });
}

/** Waits until unstale has dealt with every change, a second time too. Resolves to whether it came to that. */
async function drain({ figures }: UnstaleProcess, settleMs: number, failed: AbortSignal): Promise<boolean> {
  await rest(settleMs + settleMarginMs, failed);
  const untilMs = Date.now() + drainWithinMs;
  while (Date.now() < untilMs && !failed.aborted) {
    const now = await figures();
    if (now && isDrained(now)) return true;
    await rest(200, failed);
  }
  return false;
}

const interrupted = ({ failed }: Background, { stopping }: DemoOptions): AbortSignal =>
  AbortSignal.any([failed, stopping]);

const failureOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
