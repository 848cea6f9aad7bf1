/**
 * In: a template as written, `product:sku:{sku|lower|sha1}`. Out: its parts, or what is wrong and where.
 *
 * - `{name}`: a column, a name of `with`, a capture of the table's pattern, `{$db}` or `{$table}`
 * - `` {`odd|name`} ``: always a column, whatever its name holds; `` `` `` is a literal backtick
 * - `{name|filter|filter}`: see `filters.ts`
 * - `{{` and `}}`: literal braces
 */
import { createFilter, dateTokenNames, filterNames, type Filter } from './filters.js';
import { suggestion } from './suggest.js';

export type TemplatePart = TextPart | NamePart;

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
}

export interface NamePart {
  readonly kind: 'name';
  readonly name: string;
  /** In backticks, hence a column. */
  readonly quoted: boolean;
  readonly filters: readonly Filter[];
}

export type ParsedTemplate =
  | { readonly kind: 'template'; readonly parts: readonly TemplatePart[] }
  | { readonly kind: 'problem'; readonly problem: string };

/** The names that the table itself fills in. */
export const tableNames: readonly string[] = ['$db', '$table'];

class TemplateError extends Error {}

export function parseTemplate(source: string): ParsedTemplate {
  try {
    return { kind: 'template', parts: partsOf(source) };
  } catch (error) {
    if (error instanceof TemplateError) return { kind: 'problem', problem: error.message };
    throw error;
  }
}

function partsOf(source: string): TemplatePart[] {
  const cursor = new Cursor(source);
  const parts: TemplatePart[] = [];
  let text = '';
  while (!cursor.atEnd()) {
    if (cursor.take('{{')) text += '{';
    else if (cursor.take('}}')) text += '}';
    else if (cursor.peek() === '}') cursor.fail('this } closes nothing; write }} for a literal brace');
    else if (cursor.peek() === '{') {
      if (text !== '') parts.push({ kind: 'text', text });
      text = '';
      parts.push(namePart(cursor));
    } else text += cursor.takeWhile(/[^{}]/y);
  }
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

function namePart(cursor: Cursor): NamePart {
  const opened = cursor.at;
  cursor.take('{');
  cursor.takeWhile(/\s/y);
  const quoted = cursor.peek() === '`';
  const name = quoted ? quotedName(cursor) : plainName(cursor, opened);
  cursor.takeWhile(/\s/y);
  const filters: Filter[] = [];
  while (cursor.take('|')) filters.push(filter(cursor));
  if (!cursor.take('}')) {
    if (cursor.atEnd()) cursor.fail('this { is never closed; write {{ for a literal brace', opened);
    cursor.fail('expected | or } here; a column with an odd name stands in backticks');
  }
  return { kind: 'name', name, quoted, filters };
}

function quotedName(cursor: Cursor): string {
  const opened = cursor.at;
  cursor.take('`');
  let name = '';
  for (;;) {
    name += cursor.takeWhile(/[^`]/y);
    if (cursor.take('``')) name += '`';
    else if (cursor.take('`')) break;
    else cursor.fail('this ` is never closed', opened);
  }
  return name === '' ? cursor.fail('expected a column name between the backticks', opened) : name;
}

function plainName(cursor: Cursor, opened: number): string {
  const start = cursor.at;
  const name = cursor.takeWhile(/[^\s|{}()`]/y);
  if (name === '' && cursor.atEnd())
    cursor.fail('this { is never closed; write {{ for a literal brace', opened);
  if (name === '')
    cursor.fail('expected the name of a column here, as in {id}; write {{ and }} for literal braces');
  if (name.includes('.')) {
    const dotted =
      'rows of other tables are not supported yet; a column with a dot in its name stands in backticks';
    cursor.fail(dotted, start);
  }
  if (name.startsWith('$') && !tableNames.includes(name)) {
    cursor.fail(
      `there is no {${name}}, only {$db} and {$table}; a column of that name stands in backticks`,
      start,
    );
  }
  return name;
}

function filter(cursor: Cursor): Filter {
  cursor.takeWhile(/\s/y);
  const start = cursor.at;
  const name = cursor.takeWhile(/[^\s|{}()`]/y);
  const opened = cursor.at;
  let argument: string | undefined;
  if (cursor.take('(')) {
    argument = cursor.takeWhile(/[^)]/y);
    if (!cursor.take(')')) cursor.fail('this ( is never closed', opened);
  }
  cursor.takeWhile(/\s/y);
  if (!filterNames.includes(name)) {
    const known = `the filters are ${filterNames.join(', ')}`;
    cursor.fail(`there is no filter "${name}"${suggestion(name, filterNames)} (${known})`, start);
  }
  const date = `date takes a format of ${dateTokenNames.join(', ')}, like date(YYYY-MM)`;
  return (
    createFilter(name, argument) ?? cursor.fail(name === 'date' ? date : `${name} takes no argument`, start)
  );
}

/** Reads a template from left to right. */
class Cursor {
  at = 0;
  constructor(private readonly source: string) {}

  atEnd(): boolean {
    return this.at >= this.source.length;
  }

  peek(): string {
    return this.source.charAt(this.at);
  }

  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** @param character a sticky pattern of one character */
  takeWhile(character: RegExp): string {
    const start = this.at;
    for (;;) {
      character.lastIndex = this.at;
      if (!character.test(this.source)) return this.source.slice(start, this.at);
      this.at = character.lastIndex;
    }
  }

  fail(problem: string, at = this.at): never {
    throw new TemplateError(`at character ${at + 1} of "${this.source}": ${problem}`);
  }
}
