import { isUtf8 } from 'node:buffer';
import { equalIf, type ColumnType, type Match, type PresentValue } from './column-type.js';
import { type DocumentValue, scalarText } from './document.js';
import { matchNumberText, readBoolean } from './number-types.js';

/** BINARY, VARBINARY, BLOB: base64, base64url, hex, or the bytes themselves as text. */
export const bytesType: ColumnType = {
  noun: 'binary',
  shownAs: 'string',
  matchText: (held, row) => equalIf(namesBytes(held, bytesOf(row))),
  matchDocument(held, row) {
    if (typeof held === 'string') return bytesType.matchText(held, row);
    return matchBufferJson(held, bytesOf(row));
  },
  describe: (row) => describeBytes(bytesOf(row)),
};

/** BIT: an unsigned number, its bytes, or for one byte whether it is 0. */
export const bitType: ColumnType = {
  noun: 'bits',
  shownAs: 'number',
  matchText(held, row) {
    const bytes = bytesOf(row);
    if (isText(held, bytes)) return 'equal';
    const match = matchNumberText(held, unsignedText(bytes));
    const truth = match === 'malformed' && bytes.length === 1 ? readBoolean(held) : undefined;
    return truth === undefined ? match : equalIf(truth === (bytes[0] !== 0));
  },
  matchDocument(held, row) {
    const bytes = bytesOf(row);
    if (typeof held === 'boolean')
      return bytes.length === 1 ? equalIf(held === (bytes[0] !== 0)) : 'malformed';
    const text = scalarText(held);
    return text === undefined ? matchBufferJson(held, bytes) : bitType.matchText(text, row);
  },
  describe: (row) => unsignedText(bytesOf(row)),
};

/** For people: the text if the bytes are one that can be shown, else base64. */
export function describeBytes(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined;
  // eslint-disable-next-line no-control-regex -- control characters are what cannot be shown
  return text === undefined || /[\0-\x08\x0e-\x1f\x7f]/.test(text) ? bytes.toString('base64') : text;
}

const bytesOf = (row: PresentValue): Buffer =>
  Buffer.isBuffer(row) ? row : Buffer.from(String(row), 'utf8');

/** Lengths are compared first, so that only encodings that fit are made of the row's bytes. */
function namesBytes(held: string, bytes: Buffer): boolean {
  const { length } = bytes;
  if (held.length === length * 2 && held.toLowerCase() === bytes.toString('hex')) return true;
  const paddedLength = Math.ceil(length / 3) * 4;
  const bareLength = Math.ceil((length * 4) / 3);
  if (held.length === paddedLength || held.length === bareLength) {
    const bare = withoutPadding(held);
    if (bare === withoutPadding(bytes.toString('base64')) || bare === bytes.toString('base64url'))
      return true;
  }
  return isText(held, bytes);
}

/** Bytes that are no UTF-8 are no text: decoding would make different ones look alike. */
const isText = (held: string, bytes: Buffer): boolean =>
  held.length <= bytes.length && isUtf8(bytes) && bytes.toString('utf8') === held;

const withoutPadding = (base64: string): string => base64.replace(/={1,2}$/, '');

/** What JSON.stringify makes of a Buffer: `{"type":"Buffer","data":[1,2]}`. */
function matchBufferJson(held: DocumentValue, bytes: Buffer): Match {
  if (typeof held !== 'object' || held === null || !('type' in held) || !('data' in held)) return 'malformed';
  const { type, data } = held;
  if (type !== 'Buffer' || !Array.isArray(data)) return 'malformed';
  return equalIf(data.length === bytes.length && bytes.every((byte, index) => data[index] === byte));
}

const unsignedText = (bytes: Buffer): string =>
  bytes.length === 0 ? '0' : BigInt(`0x${bytes.toString('hex')}`).toString();
