import type { TableMatch } from '../mapping/table-mapping.js';

const exactName = /^(?:`([^`]+)`|([^.`/]+))\.(?:`([^`]+)`|([^.`]+))$/;
const patternText = /^\/(.+)\/(i?)$/s;

/** Reads a name of `tables`: `db.table` (odd names in backticks), or `/regular expression/` with `i` perhaps. */
export function parseTableMatch(
  name: string,
): TableMatch | { readonly kind: 'problem'; readonly problem: string } {
  if (name.startsWith('/')) return parsePattern(name);
  const [, quotedDb, db = quotedDb, quotedTable, table = quotedTable] = exactName.exec(name) ?? [];
  if (db === undefined || table === undefined) {
    return problem(
      'expected db.table, like shop.products, or a pattern, like "/^shop_\\\\w+\\\\.products$/"',
    );
  }
  return { kind: 'exact', table: { db, table } };
}

function parsePattern(name: string): ReturnType<typeof parseTableMatch> {
  const [, source, flags] = patternText.exec(name) ?? [];
  if (source === undefined) return problem('expected the pattern to end with / or /i');
  try {
    return { kind: 'pattern', pattern: new RegExp(source, flags) };
  } catch (cause) {
    return problem(
      `expected a regular expression of JavaScript: ${cause instanceof Error ? cause.message : ''}`,
    );
  }
}

const problem = (text: string) => ({ kind: 'problem', problem: text }) as const;
