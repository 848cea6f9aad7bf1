import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  visit,
  type Document,
} from 'yaml';
import { expand, type Expanded, type ExpandSources, type Insertion } from './expand.js';

export type Path = readonly PropertyKey[];

/** What a message may say of a place in the file. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** What stands there as written, `${}` included; undefined where nothing does. */
  readonly written?: string;
  /** What `${}` put in there. */
  readonly insertions: readonly Insertion[];
  /** A `${}` there failed, hence its value means nothing. */
  readonly failed: boolean;
}

export interface SourceProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A configuration file as data, that remembers where everything stood. */
export interface YamlSource {
  readonly data: unknown;
  readonly problems: readonly SourceProblem[];
  /** The place of a value, or of the nearest one around it that exists. */
  placeOf(path: Path): Place;
}

/**
 * Parses YAML and expands `${}` in its texts, in this order: what an environment variable holds can never act
 * as YAML. Keys are not expanded.
 */
export function readYaml(text: string, sources: ExpandSources): YamlSource {
  const lines = new LineCounter();
  // The library's own pretty messages quote the line, and with it perhaps a password.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: SourceProblem[] = [...document.errors, ...document.warnings].map(
    ({ code, message, pos }) => {
      const place = at(pos[0]);
      return { message: syntaxMessage(code, message, text.split('\n')[place.line - 1] ?? ''), ...place };
    },
  );
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) {
    return { data: undefined, problems, placeOf: () => ({ ...at(0), insertions: [], failed: false }) };
  }
  const expanded = expandScalars(document, sources);
  for (const [node, { problems: found }] of expanded) {
    problems.push(...found.map((message) => ({ message, ...at(startOf(node) ?? 0) })));
  }
  const data = toData(document, problems);
  return { data, problems, placeOf: (path) => placeOf(document, path, at, expanded) };
}

/** By the scalar's node. */
type ExpandedScalars = ReadonlyMap<unknown, Expanded & { readonly written: string }>;

function expandScalars(document: Document.Parsed, sources: ExpandSources): ExpandedScalars {
  const found = new Map<unknown, Expanded & { readonly written: string }>();
  visit(document, {
    Scalar(position, node) {
      if (position === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const written = node.value;
      const result = expand(written, sources);
      node.value = result.text;
      found.set(node, { ...result, written });
    },
    Alias(_position, node) {
      if (node.resolve(document)) return undefined;
      const stray: Scalar = new Scalar(null);
      if (node.range) stray.range = node.range;
      const problems = ['a text that begins with * must stand in quotes'];
      found.set(stray, { text: '', written: '*', insertions: [], problems });
      return stray;
    },
  });
  return found;
}

function toData(document: Document.Parsed, problems: SourceProblem[]): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that multiply.
    problems.push({
      message: unquoted(error instanceof Error ? error.message : String(error)),
      line: 1,
      column: 1,
    });
    return undefined;
  }
}

/** Nothing that the library quotes from the file is repeated: it may be a part of a secret. */
function syntaxMessage(code: string, message: string, line: string): string {
  if (code === 'TAG_RESOLVE_FAILED') return 'a text that begins with ! must stand in quotes';
  if (code === 'BAD_DIRECTIVE') return 'a line must not begin with %';
  const hint = line.includes('${') ? '; a text with ${…} inside [ ] or { } must stand in quotes' : '';
  return `this is no YAML: ${unquoted(message)}${hint}`;
}

const unquoted = (message: string): string => message.replace(/: .*$/s, '');

function placeOf(
  document: Document.Parsed,
  path: Path,
  at: (offset: number) => { line: number; column: number },
  expanded: ExpandedScalars,
): Place {
  let node: unknown = document.contents;
  let offset = 0;
  let isThere = true;
  for (const step of path) {
    if (isScalar(node)) break; // a short form: the text stands for the field, or the list, inside it
    const child = childOf(node, step);
    isThere = child !== undefined;
    if (child === undefined) break;
    offset = child.offset ?? offset;
    node = isAlias(child.node) ? child.node.resolve(document) : child.node;
  }
  const expansion = expanded.get(node);
  const written = isThere ? writtenText(node, expansion?.written) : undefined;
  return {
    ...at(offset),
    ...(written === undefined ? {} : { written }),
    insertions: expansion?.insertions ?? [],
    failed: isThere && (expansion?.problems.length ?? 0) > 0,
  };
}

/** The offset is the value's, or for lists, sections and nothing the one of their name. */
function childOf(
  parent: unknown,
  step: PropertyKey,
): { node: unknown; offset: number | undefined } | undefined {
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return (
      pair && { node: pair.value, offset: hasText(pair.value) ? startOf(pair.value) : startOf(pair.key) }
    );
  }
  if (!isSeq(parent) || typeof step !== 'number' || !(step in parent.items)) return undefined;
  return { node: parent.items[step], offset: startOf(parent.items[step]) };
}

const hasText = (node: unknown): boolean => isScalar(node) && node.source !== '';
const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

function writtenText(node: unknown, beforeExpansion: string | undefined): string | undefined {
  if (beforeExpansion !== undefined) return JSON.stringify(beforeExpansion);
  if (isScalar(node)) return node.value === null ? 'nothing' : JSON.stringify(node.value);
  return isSeq(node) ? 'a list' : isMap(node) ? 'fields' : undefined;
}
