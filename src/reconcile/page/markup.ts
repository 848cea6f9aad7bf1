/**
 * Small pieces of HTML. `ghtml` escapes every value of a template except those written as `!${…}`; these are pieces
 * that are HTML already. A `!` forgotten shows markup as text; one too many is what the tests look for.
 */
import { html } from 'ghtml';
import type { DriftKind } from '../../domain/drift.js';
import { KIND_WORDS, number, time } from '../report-wording.js';
import { visibleText } from '../visible-text.js';

/** Escaped by whoever made it. */
export type Html = string;

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Html;
  /** text by default; prose has room for sentences. */
  readonly form?: 'number' | 'text' | 'prose';
}

/** The first column names the row. Wide tables scroll by themselves, also by keyboard. */
export function dataTable<Row>(label: string, rows: readonly Row[], columns: readonly Column<Row>[]): Html {
  const heads = columns.map(
    (column) => html`<th scope="col" class="${column.form ?? 'text'}">${column.head}</th>`,
  );
  const cellOf = (row: Row, column: Column<Row>, index: number): Html =>
    index === 0
      ? html`<th scope="row" class="${column.form ?? 'text'}">!${column.cell(row)}</th>`
      : html`<td class="${column.form ?? 'text'}">!${column.cell(row)}</td>`;
  const lines = rows.map(
    (row) =>
      html`<tr>
        !${columns.map((column, index) => cellOf(row, column, index))}
      </tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          !${heads}
        </tr>
      </thead>
      <tbody>
        !${lines}
      </tbody>
    </table>
  </div>`;
}

/** A key, a template, a name: text of others. */
export const code = (text: string): Html => html`<code>${visibleText(text)}</code>`;

export const plain = (text: string): Html => html`${visibleText(text)}`;

/** A zero is quieter, so that the others stand out. */
export const figure = (value: number): Html =>
  value === 0 ? html`<span class="zero">0</span>` : html`${number(value)}`;

export const moment = (iso: string): Html => html`<time datetime="${iso}">${time(iso)}</time>`;

export const kindName = (kind: DriftKind): Html =>
  html`<span class="kind"
    ><span class="swatch ${kind}" aria-hidden="true"></span>${KIND_WORDS[kind].label}</span
  >`;

export const section = (id: string, title: string, ...content: readonly Html[]): Html =>
  html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    !${content}
  </section>`;

/** Where there is only a sentence to say. */
export const quietSection = (id: string, title: string, text: string): Html =>
  html`<section id="${id}" class="quiet" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    !${note(text)}
  </section>`;

export const note = (text: string): Html => html`<p class="note">${text}</p>`;

/** Hidden until the script draws it; the figures stand in a table beneath. */
export const chartFrame = (id: string, label: string): Html =>
  html`<div class="chart" hidden><canvas id="${id}" role="img" aria-label="${label}"></canvas></div>`;
