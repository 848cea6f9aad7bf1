import { LosslessNumber } from 'lossless-json';
import { equalIf, type ColumnType } from './column-type.js';
import { type DocumentValue, parseDocument, scalarText } from './document.js';
import { readNumber, sameNumber } from './exact-number.js';

/** JSON columns: the same document, whatever the order of its keys; or a string that holds its text. */
export const jsonType: ColumnType = {
  noun: 'JSON',
  shownAs: 'document',
  matchText(held, row) {
    const rowText = String(row);
    if (held === rowText) return 'equal';
    const document = parseDocument(held, true);
    return document === undefined ? 'malformed' : jsonType.matchDocument(document, row);
  },
  matchDocument(held, row) {
    const document = parseDocument(String(row), true);
    if (document === undefined) return 'other';
    if (sameDocument(held, document)) return 'equal';
    if (typeof held !== 'string') return 'other';
    const inner = parseDocument(held, true);
    return equalIf(inner !== undefined && sameDocument(inner, document));
  },
  describe: String,
};

/** @throws RangeError if both are nested too deeply */
export function sameDocument(one: DocumentValue, other: DocumentValue): boolean {
  if (one === other) return true;
  if (typeof one === 'number' || one instanceof LosslessNumber) return sameNumbers(one, other);
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (other instanceof LosslessNumber || Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  // An own key is asked for, so that `__proto__` and the like are keys as any other. A list's keys are its indexes.
  return names.every(
    (name) => Object.hasOwn(other, name) && sameDocument(valueOf(one, name), valueOf(other, name)),
  );
}

type Container = Exclude<DocumentValue, null | boolean | number | string | LosslessNumber>;

const valueOf = (container: Container, name: string): DocumentValue =>
  (container as Readonly<Record<string, DocumentValue>>)[name] ?? null;

/** A document's short numbers are doubles that hold all of their digits, so two of them were compared already. */
function sameNumbers(one: number | LosslessNumber, other: DocumentValue): boolean {
  if (typeof other === 'number' ? typeof one === 'number' : !(other instanceof LosslessNumber)) return false;
  const [left, right] = [readNumber(scalarText(one) ?? ''), readNumber(scalarText(other) ?? '')];
  return left !== undefined && right !== undefined && sameNumber(left, right);
}
