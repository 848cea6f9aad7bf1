/**
 * Text of others (keys, values of the database and of Redis) as people may safely see it. Control characters could
 * drive a terminal, direction marks could turn a line around, and two values that differ in a character of no width
 * would look alike. So all of them are written out, as `\u{200b}`.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** Line ends and tabs stay. */
export const visibleText = (text: string): string =>
  text.replace(HIDDEN, (character) => (/[\n\t]/.test(character) ? character : writtenOut(character)));

/** One line, whatever the text holds. */
export const visibleLine = (text: string): string => text.replace(HIDDEN, writtenOut);

const writtenOut = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
