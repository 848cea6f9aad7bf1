/** What the bench is doing, for people, on stderr: a line a step; on a terminal the running step counts up. */
import { createLogUpdate } from 'log-update';

export interface Progress {
  /** A step begins; it ends where the next begins. */
  readonly step: (text: string) => void;
  /** How far the running step is. */
  readonly count: (done: number, total: number, unit: string) => void;
  /** Something worth knowing about the running step. */
  readonly note: (text: string) => void;
  readonly end: () => void;
}

const paintEveryMs = 200;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const startedMs = performance.now();
  const line = createLogUpdate(stream);
  let paintedMs = 0;
  let current = '';
  const settle = (): void => {
    if (!stream.isTTY || current === '') return;
    line(current);
    line.done();
    current = '';
  };
  return {
    step(text) {
      settle();
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
      current = `${seconds} s  ${text}`;
      if (stream.isTTY) line(current);
      else stream.write(`${current}\n`);
    },
    count(done, total, unit) {
      const nowMs = performance.now();
      if (!stream.isTTY || nowMs - paintedMs < paintEveryMs) return;
      paintedMs = nowMs;
      line(`${current}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${unit}`);
    },
    note(text) {
      settle();
      stream.write(`          ${text}\n`);
    },
    end: settle,
  };
}
