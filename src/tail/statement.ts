import type { TableName } from '../domain/change.js';

/** Statements that change rows or drop them without telling each row. */
const CHANGES_ROWS =
  /^(INSERT|UPDATE|DELETE|REPLACE|LOAD|TRUNCATE|CALL)\b|^DROP\s+(TABLE|DATABASE|SCHEMA)\b|^RENAME\s+TABLE\b/i;
const CHANGES_TABLE = /^ALTER\s+TABLE\b/i;
/** Parts of an ALTER that rewrite stored values, move rows, or take columns away. Adding columns or indexes does not. */
const REWRITES_ROWS =
  /\b(DROP\s+(?!INDEX|KEY|CONSTRAINT|FOREIGN|CHECK|PRIMARY)|RENAME\s+(?!INDEX|KEY)|CHANGE|MODIFY|CONVERT|TRUNCATE|EXCHANGE|DISCARD|IMPORT|COALESCE|REORGANIZE)/i;
const IDENTIFIER = /`((?:[^`]|``)+)`|[\p{L}\p{N}_$]+/gu;

/**
 * The wanted tables whose rows a statement may change without telling them row by row; empty when it changes none.
 * Reads names, not SQL: rather a table too many than one too few.
 */
export function tablesChangedUnseen(
  sql: string,
  sessionDb: string,
  isWanted: (table: TableName) => boolean,
  isWantedDb: (db: string) => boolean,
): TableName[] {
  const text = withoutComments(sql);
  if (/^DROP\s+(DATABASE|SCHEMA)\b/i.test(text)) {
    return identifiersOf(text)
      .filter(isWantedDb)
      .map((db) => ({ db, table: '*' }));
  }
  if (CHANGES_ROWS.test(text)) return namedTables(text, sessionDb).filter(isWanted);
  if (CHANGES_TABLE.test(text) && REWRITES_ROWS.test(text)) {
    const [target] = text.split(
      /\b(?:ADD|DROP|RENAME|CHANGE|MODIFY|CONVERT|TRUNCATE|EXCHANGE|DISCARD|IMPORT|COALESCE|REORGANIZE)\b/i,
    );
    return namedTables(target ?? text, sessionDb).filter(isWanted);
  }
  return [];
}

/** Comments go, but the text of executable ones stays. */
function withoutComments(sql: string): string {
  return sql
    .replaceAll(/\/\*!\d*([\s\S]*?)\*\//g, '$1')
    .replaceAll(/\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/^\s*(?:--\s|#).*$/gm, ' ')
    .trim();
}

function identifiersOf(text: string): string[] {
  return [...text.matchAll(IDENTIFIER)].map(([word, quoted]) => quoted?.replaceAll('``', '`') ?? word);
}

/** Each identifier as a table of the session's database, and each pair `a.b` as it stands. */
function namedTables(text: string, sessionDb: string): TableName[] {
  const identifiers = [...text.matchAll(IDENTIFIER)];
  return identifiers.map((match, index) => {
    const name = match[1]?.replaceAll('``', '`') ?? match[0];
    const before = identifiers[index - 1];
    const between = before === undefined ? '' : text.slice(before.index + before[0].length, match.index);
    const qualifier =
      between.trim() === '.' ? (before?.[1]?.replaceAll('``', '`') ?? before?.[0]) : undefined;
    return { db: qualifier ?? sessionDb, table: name };
  });
}
