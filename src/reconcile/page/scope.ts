/** What the pass could see, what it left open, and what held it back. */
import { html } from 'ghtml';
import { WAIT_WORDS, count, duration, number } from '../report-wording.js';
import type { Report } from '../report.js';
import { type Html, code, dataTable, figure, note, plain, quietSection, section } from './markup.js';

export const mismatchesSection = ({ mismatches }: Report): Html =>
  mismatches.length === 0
    ? quietSection('mismatches', 'Wrong mappings', 'No template differs from its rows throughout.')
    : section(
        'mismatches',
        'Wrong mappings',
        note(
          'Nearly all values of these templates differ from their rows in the same way. That is an error in the ' +
            'mapping, not drift, so nothing of theirs was deleted. Correct the mapping and run the pass again.',
        ),
        dataTable('Wrong mappings', mismatches, [
          { head: 'Template', cell: ({ template }) => code(template) },
          { head: 'Table', cell: ({ table }) => code(table) },
          { head: 'How it differs', cell: ({ differs }) => plain(differs), form: 'prose' },
          { head: 'Differ alike', cell: ({ alike }) => figure(alike), form: 'number' },
          { head: 'Compared', cell: ({ compared }) => figure(compared), form: 'number' },
        ]),
      );

export function coverageSection({ coverage }: Report): Html {
  if (coverage.length === 0) return quietSection('coverage', 'Coverage', 'This pass looked at no template.');
  const yesOrNo = (seen: boolean): Html => html`${seen ? 'Yes' : 'No'}`;
  const inFull = coverage.filter(({ values, keys }) => values && keys).length;
  return section(
    'coverage',
    'Coverage',
    note(
      inFull === coverage.length
        ? 'Every template was looked at from both sides: rows against values, and keys against rows.'
        : `${number(inFull)} of ${count(coverage.length, 'template')} ${inFull === 1 ? 'was' : 'were'} looked at from both sides. Drift of the others may stay unseen.`,
    ),
    dataTable('Coverage', coverage, [
      { head: 'Template', cell: ({ template }) => code(template) },
      { head: 'Table', cell: ({ table }) => code(table) },
      { head: 'Values compared', cell: ({ values }) => yesOrNo(values) },
      { head: 'Keys traced', cell: ({ keys }) => yesOrNo(keys) },
      { head: 'Why not', cell: ({ why }) => plain(why), form: 'prose' },
    ]),
  );
}

export function unexplainedSection({ unexplained: { keys, samples } }: Report): Html {
  const title = 'Unexplained keys';
  if (keys === 0)
    return quietSection(
      'unexplained',
      title,
      'Every key found under our prefixes is explained by a template.',
    );
  const [are, were] = keys === 1 ? ['is', 'was'] : ['are', 'were'];
  const text = `${count(keys, 'key')} under our prefixes ${are} explained by no template, and ${were} left alone.`;
  if (samples.length === 0) return quietSection('unexplained', title, text);
  const list = html`<ul class="keys">
    !${samples.map((key) => html`<li>!${code(key)}</li>`)}
  </ul>`;
  return section('unexplained', title, note(`${text} Some of them:`), list);
}

export function undecidedSection({ undecided, undecidedSamples }: Report): Html {
  if (undecided === 0) return quietSection('undecided', 'Undecided', 'Every suspicion was settled.');
  const them = undecided === 1 ? 'it' : 'them';
  const text = `${count(undecided, 'value')} could not be settled in time; the next pass looks at ${them} first.`;
  if (undecidedSamples.length === 0) return quietSection('undecided', 'Undecided', text);
  return section(
    'undecided',
    'Undecided',
    note(text),
    dataTable('Undecided', undecidedSamples, [
      { head: 'Key', cell: ({ key }) => code(key) },
      { head: 'Why', cell: ({ why }) => plain(why), form: 'prose' },
    ]),
  );
}

export const skippedSection = ({ skipped }: Report): Html =>
  skipped.length === 0
    ? quietSection('skipped', 'Skipped', 'Nothing was skipped.')
    : section(
        'skipped',
        'Skipped',
        dataTable('Skipped', skipped, [
          { head: 'What', cell: ({ what }) => code(what) },
          { head: 'Why', cell: ({ why }) => plain(why), form: 'prose' },
        ]),
      );

export function heldBackSection({ waitedMs, durationMs }: Report): Html {
  const title = 'How long it held back';
  const waits = WAIT_WORDS.map(([name, words]) => ({ words, ms: waitedMs[name] }));
  if (waits.every(({ ms }) => ms === 0)) return quietSection('held-back', title, 'It never had to wait.');
  return section(
    'held-back',
    title,
    dataTable(title, waits, [
      { head: 'Because of', cell: ({ words }) => html`${words}` },
      { head: 'Time', cell: ({ ms }) => html`${duration(ms)}`, form: 'number' },
      { head: 'Of the pass', cell: ({ ms }) => html`${share(ms, durationMs)}`, form: 'number' },
    ]),
  );
}

/** Several waits may overlap, and parts of a pass run at once: no more than all of it is claimed. */
const share = (ms: number, ofMs: number): string =>
  ofMs === 0 ? '' : `${number(Math.min(100, (100 * ms) / ofMs))} %`;
