import { html } from 'ghtml';
import { DRIFT_KINDS, type DriftKind } from '../../domain/drift.js';
import { HISTORY_WORDS, REPAIR_WORDS, count, number, totalDrift } from '../report-wording.js';
import type { Report, Sample } from '../report.js';
import { visibleLine, visibleText } from '../visible-text.js';
import { type Gap, type Part, differenceOf, withGaps } from '../difference.js';
import { type Html, code, dataTable, kindName, moment, plain, quietSection, section } from './markup.js';

/** Beyond as much text as a value's box shows, what both sides have in common is left out but for this around it. */
const LONG_VALUE = 600;
const CONTEXT_LENGTH = 120;

interface Side {
  readonly value: string | null;
  readonly parts: readonly Part[];
  /** Whether there is another side to differ from. */
  readonly both: boolean;
  /** What is said where there is no value. */
  readonly nothing: string;
}

/** Some of the drifted values, by kind, each with what Redis and MySQL held and what the change topic tells of it. */
export function samplesSection({ samples, drift }: Report): Html {
  const total = totalDrift(drift);
  if (samples.length === 0)
    return quietSection('samples', 'Samples', total === 0 ? 'Nothing drifted.' : 'None were kept.');
  const groups = DRIFT_KINDS.map((kind) => ({ kind, found: samples.filter((each) => each.kind === kind) }));
  return section(
    'samples',
    'Samples',
    html`<p class="note">
      ${count(samples.length, 'sample')} of ${count(total, 'drifted value')}. Parts in which the two sides
      differ are
      <mark>marked</mark>.
    </p>`,
    ...groups
      .filter(({ found }) => found.length > 0)
      .map(({ kind, found }) => group(kind, found, drift[kind])),
  );
}

const group = (kind: DriftKind, found: readonly Sample[], total: number): Html =>
  html`<h3 id="samples-${kind}">
      !${kindName(kind)} <span class="of">${number(found.length)} of ${number(total)}</span>
    </h3>
    !${found.map(card)}`;

function card(sample: Sample): Html {
  const { cached, row } = sample;
  const [cachedParts, rowParts] = differenceOf(cached ?? '', row ?? '');
  const both = cached !== null && row !== null;
  return html`<article class="sample">
    <h4>
      !${code(sample.key)}!${sample.field === null ? '' : html` <span>field</span> !${code(sample.field)}`}
    </h4>
    !${facts(sample)}
    <div class="sides">
      !${side('Redis held', 'cached', { value: cached, parts: cachedParts, both, nothing: 'Nothing' })}
      !${side('MySQL holds', 'row', { value: row, parts: rowParts, both, nothing: 'No row' })}
    </div>
    !${historyOf(sample)}
  </article>`;
}

function facts({ table, template, rowKey, differs, repair, foundAt }: Sample): Html {
  const items: readonly (readonly [string, Html])[] = [
    ['Table', code(table)],
    ['Template', code(template)],
    ...(rowKey === '' ? [] : ([['Row', code(rowKey)]] as const)),
    ...(differs === '' ? [] : ([['Differs', plain(differs)]] as const)),
    ['Outcome', html`${REPAIR_WORDS[repair]}`],
    ['Found', moment(foundAt)],
  ];
  return html`<dl class="facts">
    !${items.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>!${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function side(title: string, place: string, { value, parts, both, nothing }: Side): Html {
  const body =
    value === null || value === ''
      ? html`<p class="nothing">${value === null ? nothing : 'An empty text'}</p>`
      : valueBox(title, value, parts, both);
  return html`<div class="side ${place}">
    <h5>${title}</h5>
    !${body}
  </div>`;
}

/** A line end first, since parsers drop one there. What is still long scrolls, also by keyboard. */
function valueBox(title: string, value: string, parts: readonly Part[], both: boolean): Html {
  const long = value.length > LONG_VALUE;
  const shown = long ? withGaps(parts, CONTEXT_LENGTH) : parts;
  const content = [
    '\n',
    ...shown.map((part) => ('leftOut' in part ? gap(part) : piece(part.text, both && part.differs))),
  ];
  return long
    ? html`<pre tabindex="0" role="region" aria-label="${title}">!${content}</pre>`
    : html`<pre>!${content}</pre>`;
}

const gap = ({ leftOut }: Gap): Html => html`<span class="gap"> ${count(leftOut, 'character')} alike </span>`;

/** A difference of nothing but line ends and tabs is written out, since nobody could see it. */
const piece = (text: string, marked: boolean): Html =>
  marked
    ? html`<mark>${text.trim() === '' ? visibleLine(text) : visibleText(text)}</mark>`
    : html`${visibleText(text)}`;

function historyOf({ history: { verdict, text, changes } }: Sample): Html {
  const table = dataTable('Last changes of the row', changes, [
    { head: 'Changed', cell: ({ at }) => moment(at) },
    { head: 'Operation', cell: ({ operation }) => html`${operation}` },
    { head: 'Columns', cell: ({ changed }) => plain(changed.join(', ')) },
    { head: 'Partition', cell: ({ partition }) => html`${partition}`, form: 'number' },
    { head: 'Offset', cell: ({ offset }) => plain(offset), form: 'number' },
    { head: 'GTID', cell: ({ gtid }) => (gtid === null ? '' : code(gtid)) },
  ]);
  return html`<div class="history">
    <p><strong>${HISTORY_WORDS[verdict]}.</strong> !${plain(text)}</p>
    !${changes.length === 0 ? '' : table}
  </div>`;
}
