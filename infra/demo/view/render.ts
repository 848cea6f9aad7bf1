import type { ChalkInstance } from 'chalk';
import { count, ms, sparkline } from './text.js';
import type { Note, Phase, ViewState } from './state.js';

const titles: Readonly<Record<Phase, string>> = {
  without: 'without unstale',
  joining: 'unstale starts',
  with: 'with unstale',
  ending: 'finishing',
};

const explanations: Readonly<Record<Phase, string>> = {
  without: 'keys of changed rows stay: stale values pile up',
  joining: 'stale values pile up until it is ready',
  with: 'the same shop, not a line of it changed',
  ending: 'all changes settle, then each value is compared',
};

const historyMax = 60;
const notesMax = 5;

/**
 * The whole view: always the same number of lines, since log-update mixes up frames of different heights, and few
 * enough for 80 columns and 24 rows.
 */
export function renderView(state: ViewState, chalk: ChalkInstance): string[] {
  const notes = state.notes.slice(-notesMax).map((note) => renderNote(note, chalk));
  return [
    '',
    `${chalk.bold('unstale demo')}${chalk.dim('   a shop on a real MySQL, Kafka, and two Redis')}`,
    '',
    renderPhase(state, chalk),
    '',
    ...figures(state, chalk).map(([name, value, rest]) => `${name.padEnd(18)}${value}   ${chalk.dim(rest)}`),
    renderHistory(state, chalk),
    '',
    ...Array.from({ length: notesMax }, (_, n) => notes[n] ?? ''),
    '',
    chalk.dim('stale: holds the same wrong value at two looks 250 ms apart'),
    chalk.dim('commit to delete: from the return of COMMIT until EXISTS says 0, 20 probes/s'),
    state.phase === 'ending' ? '' : chalk.dim('Ctrl-C ends it with a verdict'),
  ].map((line) => ` ${line}`.trimEnd());
}

/** The same in one line, for logs and pipes. */
export function renderLine(state: ViewState): string {
  const left = state.secondsLeft === undefined ? '' : `, ${state.secondsLeft} s left`;
  const { latency } = state;
  return [
    `[${titles[state.phase]}${left}]`,
    `changes ${count(state.changesRate)}/s`,
    `deleted ${count(state.deletedRate)}/s`,
    ...(latency ? [`p50 ${ms(latency.p50Ms)} p99 ${ms(latency.p99Ms)}`] : []),
    `stale ${count(state.staleNow)} of ${count(state.cached)}`,
    `retries ${count(state.retries)}`,
  ].join('  ');
}

function renderPhase({ phase, secondsLeft }: ViewState, chalk: ChalkInstance): string {
  const left = secondsLeft === undefined ? '' : `${secondsLeft} s left   `;
  const badge =
    phase === 'with' ? chalk.black.bgGreen : phase === 'without' ? chalk.black.bgRed : chalk.black.bgYellow;
  return `${badge(` ${titles[phase]} `)}   ${left}${chalk.dim(explanations[phase])}`;
}

const valueWidth = 12;

/** Name, value, and what more there is to say of it. */
function figures(state: ViewState, chalk: ChalkInstance): (readonly [string, string, string])[] {
  const number = (text: string): string => text.padStart(valueWidth);
  const { latency } = state;
  const stale = number(count(state.staleNow));
  return [
    ['changes/s', number(count(state.changesRate)), `${count(state.changes)} so far`],
    [
      'look-ups/s',
      number(count(state.lookUpsRate)),
      `${Math.round(state.hitShare * 100)} % found in the cache`,
    ],
    [
      'keys deleted/s',
      number(count(state.deletedRate)),
      `${count(state.deleted)} so far, ${count(state.removed)} were cached`,
    ],
    [
      'commit to delete',
      number(latency ? `p50 ${ms(latency.p50Ms)}` : '-'),
      latency ? `p99 ${ms(latency.p99Ms)}, the last ${count(latency.probes)} probes` : '',
    ],
    [
      'stale keys now',
      state.staleNow === 0
        ? chalk.green(stale)
        : state.phase === 'with'
          ? chalk.yellow(stale)
          : chalk.red(stale),
      `of ${count(state.cached)} cached values`,
    ],
    ['retries', number(count(state.retries)), `${count(state.retriesWaiting)} waiting`],
  ];
}

/** Stale keys over time, red before unstale was there and green since. */
function renderHistory({ history }: ViewState, chalk: ChalkInstance): string {
  const shown = history.slice(-historyMax);
  const cells = sparkline(shown.map(({ stale }) => stale));
  const colored = cells.map((cell, n) => {
    const phase = shown[n]?.phase;
    return phase === 'with' || phase === 'ending' ? chalk.green(cell) : chalk.red(cell);
  });
  return `${'stale over time'.padEnd(18)}${colored.join('')}`;
}

export const renderNote = ({ atSeconds, text }: Note, chalk: ChalkInstance): string =>
  `${chalk.dim(`${atSeconds.toFixed(1).padStart(5)} s`)}  ${text}`;
