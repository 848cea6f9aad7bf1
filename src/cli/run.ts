import type { Config } from '../config/schema.js';
import { UnstaleError, messageOf } from '../errors.js';
import type { Logger } from '../ops/logger.js';
import type { StageName } from './stages.js';
import { startPipeline } from './wire.js';

export interface RunOptions {
  readonly config: Config;
  readonly stages: ReadonlySet<StageName>;
  readonly resetPosition: boolean;
  readonly log: Logger;
}

/** After a signal the pipeline may drain this long; then the process ends all the same. */
const STOP_MAX_MS = 25_000;

/** Runs until a signal or a failure that cannot be waited out. Resolves to the exit code. */
export async function run({ config, stages, resetPosition, log }: RunOptions): Promise<number> {
  const stopping = new AbortController();
  let exitCode = 0;
  const ended = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  const fail = (error: UnstaleError): void => {
    exitCode = error.exitCode;
    log.fatal({ err: error }, error.message);
    stopping.abort();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping');
    stopping.abort();
  };
  const onBug = (error: unknown): void => {
    log.fatal({ err: error }, 'a bug ends the process; what was not acknowledged will be done again');
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('uncaughtExceptionMonitor', onBug);
  for (const warning of config.warnings) log.warn(warning);
  try {
    const pipeline = await startPipeline({
      config,
      stages,
      resetPosition,
      serve: true,
      log,
      onFailure: fail,
      signal: stopping.signal,
    });
    log.info({ stages: [...stages] }, 'unstale runs');
    await ended;
    const timer = setTimeout(() => {
      log.error(`stopping took longer than ${STOP_MAX_MS} ms; what was not acknowledged will be done again`);
      process.exit(1);
    }, STOP_MAX_MS);
    await pipeline.stop();
    clearTimeout(timer);
  } catch (error) {
    if (!stopping.signal.aborted) {
      fail(
        error instanceof UnstaleError ? error : new UnstaleError('BUG', messageOf(error), { cause: error }),
      );
    }
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal).off('uncaughtExceptionMonitor', onBug);
  }
  log.info({ exitCode }, 'stopped');
  return exitCode;
}
