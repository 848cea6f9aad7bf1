import { describe, expect, test } from 'vitest';
import { asString, inHash, inJson } from './support.js';

describe('text', () => {
  test.each(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set'])(
    '%s is its exact text',
    (type) => {
      expect(asString(type, 'Blue', 'Blue')).toBe('equal');
      expect(inJson(type, '"Blue"', 'Blue')).toBe('equal');
      expect(inHash(type, 'Blue', 'Blue')).toBe('equal');
      for (const held of ['blue', 'Blue ', 'Blu', '', 'null'])
        expect(asString(type, held, 'Blue')).toBe('stale');
      expect(inJson(type, '"blue"', 'Blue')).toBe('stale');
    },
  );

  test('under a key, its JSON string is it too; in a hash it is not', () => {
    expect(asString('varchar', '"Bl\\u00fce \\ud83d\\ude00"', 'Blüe 😀')).toBe('equal');
    expect(asString('varchar', '"Green"', 'Blue')).toBe('stale');
    expect(asString('varchar', '"Blue', '"Blue')).toBe('equal');
    expect(asString('varchar', '"Blue"', '"Blue"')).toBe('equal');
    expect(inHash('varchar', '"Blue"', 'Blue')).toBe('stale');
  });

  test('a document under a key is a text, though another one', () => {
    expect(asString('varchar', '{"a":1}', '{"a":1}')).toBe('equal');
    expect(asString('varchar', '{"a":1}', 'Blue')).toBe('stale');
  });

  test('numbers are compared as text', () => {
    expect(asString('varchar', '042', '42')).toBe('stale');
    expect(inJson('varchar', '42', '42')).toBe('unparseable');
  });

  test('in JSON, what is no string is no text', () => {
    for (const held of ['42', 'true', '[]', '{}'])
      expect(inJson('varchar', held, 'Blue')).toBe('unparseable');
  });

  test('half a surrogate pair is a text that no row has', () => {
    expect(inJson('varchar', '"\\ud83d"', '😀')).toBe('stale');
    expect(asString('varchar', '\ud83d', '😀')).toBe('stale');
  });
});

describe('binary values', () => {
  const bytes = Buffer.from([0xfb, 0xff, 0xfe, 0x01]);

  test.each(['+//+AQ==', '+//+AQ', '-__-AQ', '-__-AQ==', 'fbfffe01', 'FBFFFE01', 'FbfFFe01'])(
    '%s is one way to write them',
    (held) => {
      for (const type of ['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'])
        expect(asString(type, held, bytes)).toBe('equal');
      expect(inJson('blob', `"${held}"`, bytes)).toBe('equal');
      expect(inHash('blob', held, bytes)).toBe('equal');
      expect(asString('blob', `"${held}"`, bytes)).toBe('equal');
    },
  );

  test('other bytes are stale', () => {
    for (const held of ['+//+Ag==', 'fbfffe02', 'fbfffe', 'x', '+//+AQ===', bytes.toString('utf8')])
      expect(asString('blob', held, bytes)).toBe('stale');
  });

  test('bytes that are UTF-8 are also that text', () => {
    expect(asString('varbinary', 'Blüe', Buffer.from('Blüe'))).toBe('equal');
    expect(asString('varbinary', 'Blüé', Buffer.from('Blüe'))).toBe('stale');
    expect(asString('varbinary', '', Buffer.alloc(0))).toBe('equal');
  });

  test('what JSON.stringify makes of a Buffer is the Buffer', () => {
    expect(inJson('blob', JSON.stringify(bytes), bytes)).toBe('equal');
    expect(asString('blob', JSON.stringify(bytes), bytes)).toBe('equal');
    expect(inJson('blob', `${JSON.stringify(bytes)},"w":12345678901234567890`, bytes)).toBe('equal');
    expect(inJson('blob', JSON.stringify(Buffer.from([1, 2, 3, 4])), bytes)).toBe('stale');
    expect(inJson('blob', '{"type":"Buffer","data":[251,255,254]}', bytes)).toBe('stale');
    expect(inJson('blob', '{"type":"Buffer","data":[251,255,254,1,0]}', bytes)).toBe('stale');
    for (const held of [
      '{"type":"Buffer"}',
      '{"type":"Blob","data":[]}',
      '{}',
      '[251,255,254,1]',
      '1',
      'true',
    ])
      expect(inJson('blob', held, bytes)).toBe('unparseable');
  });
});
