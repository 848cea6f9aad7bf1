import { Presets, SingleBar } from 'cli-progress';
import type { RunProgress } from '../reconcile/run-progress.js';

/** Shows how far a run is: a bar at a terminal, else a line every few seconds. */
export interface ProgressDisplay {
  waiting(): void;
  show(progress: RunProgress): void;
  /** Takes the bar away. */
  end(): void;
}

export interface ProgressDisplayOptions {
  readonly stream: NodeJS.WriteStream;
  readonly nowMs: () => number;
}

const LINE_EVERY_MS = 3_000;

export function createProgressDisplay({ stream, nowMs }: ProgressDisplayOptions): ProgressDisplay {
  const startedAtMs = nowMs();
  return stream.isTTY ? createBar(stream, nowMs, startedAtMs) : createLines(stream, nowMs, startedAtMs);
}

function createBar(stream: NodeJS.WriteStream, nowMs: () => number, startedAtMs: number): ProgressDisplay {
  const bar = new SingleBar(
    { stream, format: '{bar} {percentage} % · {text}', hideCursor: true, clearOnComplete: true, barsize: 24 },
    Presets.shades_classic,
  );
  bar.start(1, 0, { text: 'starting' });
  return {
    waiting() {
      bar.update(0, { text: 'waits for another run to end' });
    },
    show(progress) {
      const { done, total } = shareOf(progress);
      bar.setTotal(Math.max(1, total));
      bar.update(Math.min(done, Math.max(1, total)), { text: textOf(progress, nowMs() - startedAtMs) });
    },
    end() {
      bar.stop();
    },
  };
}

function createLines(stream: NodeJS.WriteStream, nowMs: () => number, startedAtMs: number): ProgressDisplay {
  let toldAtMs = startedAtMs;
  const tell = (text: string): void => {
    if (nowMs() - toldAtMs < LINE_EVERY_MS) return;
    toldAtMs = nowMs();
    stream.write(`${text}\n`);
  };
  return {
    waiting() {
      tell('waits for another run to end');
    },
    show(progress) {
      const { done, total } = shareOf(progress);
      const percent = total === 0 ? 0 : Math.floor((100 * Math.min(done, total)) / total);
      tell(`${percent} % · ${textOf(progress, nowMs() - startedAtMs)}`);
    },
    end: () => undefined,
  };
}

/** Both totals are estimates, so that what is done may be more. */
function shareOf({ rows, rowsTotal, keys, keysTotal }: RunProgress): { done: number; total: number } {
  return { done: rows + keys, total: Math.max(rowsTotal, rows) + Math.max(keysTotal, keys) };
}

const PHASES: Readonly<Record<RunProgress['phase'], string>> = {
  rows: 'rows',
  keys: 'keys',
  recent: 'what changed lately',
  confirming: 'looking into differences',
};

const number = new Intl.NumberFormat('en');

/** What is read, how fast, how long it still takes, and what was found. */
export function textOf(progress: RunProgress, elapsedMs: number): string {
  const { phase, table, rows, keys, suspects, drifted } = progress;
  const { done, total } = shareOf(progress);
  const perSecond = elapsedMs === 0 ? 0 : (done / elapsedMs) * 1_000;
  const left = phase === 'confirming' || perSecond === 0 ? undefined : (total - done) / perSecond;
  return [
    phase === 'rows' && table !== '' ? table : PHASES[phase],
    `${number.format(rows)} rows`,
    ...(keys > 0 ? [`${number.format(keys)} keys`] : []),
    `${number.format(Math.round(perSecond))}/s`,
    ...(left === undefined ? [] : [`${number.format(Math.ceil(left))} s left`]),
    ...(suspects > 0 ? [`${number.format(suspects)} looked into`] : []),
    `${number.format(drifted)} drifted`,
  ].join(' · ');
}
