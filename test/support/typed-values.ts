/** Values of each type that a column may have, and the forms in which programs put them into a cache. */

export interface TypedValue {
  /** The column's type in SQL. */
  readonly type: string;
  /** The row's value in SQL. */
  readonly value: string;
  /** Texts that mean the same, as a string or as a field of a hash. */
  readonly texts: readonly string[];
  /** JSON of values inside a document that mean the same. */
  readonly documents: readonly string[];
  /** Texts that mean another value of the type. */
  readonly otherTexts: readonly string[];
  readonly otherDocuments: readonly string[];
  /** Texts that are no value of the type. */
  readonly unlikeTexts?: readonly string[];
  readonly unlikeDocuments?: readonly string[];
}

const json = (value: unknown): string => JSON.stringify(value);

const NUMBERS: readonly TypedValue[] = [
  {
    type: 'BIGINT',
    value: '9007199254740993', // 2^53 + 1
    texts: ['9007199254740993', '9007199254740993.0', '"9007199254740993"'],
    documents: ['9007199254740993', '"9007199254740993"'],
    otherTexts: ['9007199254740992', '9007199254740994', '-9007199254740993'],
    otherDocuments: ['9007199254740992', '"9007199254740992"'],
    unlikeTexts: ['many', '0x20000000000001'],
    unlikeDocuments: ['"many"', 'true', '[9007199254740993]'],
  },
  {
    type: 'BIGINT UNSIGNED',
    value: '18446744073709551615',
    texts: ['18446744073709551615'],
    documents: ['18446744073709551615', '"18446744073709551615"'],
    otherTexts: ['18446744073709551614', '18446744073709551616', '-1', '18446744073709552000'],
    otherDocuments: ['18446744073709552000', '1.8446744073709552e19'],
  },
  {
    type: 'DECIMAL(10, 2)',
    value: '1.10',
    texts: ['1.10', '1.1', '1.1000', '11e-1'],
    documents: ['1.1', '1.10', '"1.10"'],
    otherTexts: ['1.11', '1.1000000000000000001', '-1.1', '1'],
    otherDocuments: ['1.1000000000000001', '"1.01"', '11'],
    unlikeTexts: ['1,10', 'EUR 1.10'],
  },
  {
    type: 'DECIMAL(65, 30)',
    value: '12345678901234567890123456789012345.100000000000000000000000000001',
    texts: ['12345678901234567890123456789012345.100000000000000000000000000001'],
    documents: ['12345678901234567890123456789012345.100000000000000000000000000001'],
    otherTexts: [
      '12345678901234567890123456789012345.100000000000000000000000000002',
      '12345678901234567890123456789012345.1',
    ],
    otherDocuments: ['1.2345678901234567e34'],
  },
  {
    type: 'TINYINT(1)',
    value: '1',
    texts: ['1', 'true', 'TRUE'],
    documents: ['true', '1', '"1"'],
    otherTexts: ['0', 'false'],
    otherDocuments: ['false', '0', 'null'],
    unlikeTexts: ['yes'],
  },
  {
    type: 'BOOLEAN',
    value: 'FALSE',
    texts: ['0', 'false'],
    documents: ['false', '0'],
    otherTexts: ['1', 'true', ''],
    otherDocuments: ['true', '1'],
  },
  {
    type: 'INT',
    value: 'NULL',
    texts: ['', 'null', 'NULL'],
    documents: ['null'],
    otherTexts: ['0'],
    otherDocuments: ['0', '""', 'false'],
  },
  {
    type: 'FLOAT',
    value: '0.1',
    texts: ['0.1', '0.10000000149011612', '1e-1'],
    documents: ['0.1', '0.10000000149011612'],
    otherTexts: ['0.100001'],
    otherDocuments: ['0.11'],
  },
  {
    type: 'DOUBLE',
    value: '0.1e0',
    texts: ['0.1', '.1', '1E-1', '0.1000000000000000055511151231257827'],
    documents: ['0.1', '1e-1'],
    otherTexts: ['0.10000000000000002'],
    otherDocuments: ['0.10000000000000002'],
  },
  {
    type: 'BIT(1)',
    value: "b'1'",
    texts: ['1', 'true'],
    documents: ['true', '1'],
    otherTexts: ['0', 'false'],
    otherDocuments: ['false', '0'],
  },
  {
    type: 'BIT(10)',
    value: "b'1000000001'",
    texts: ['513'],
    documents: ['513'],
    otherTexts: ['512'],
    otherDocuments: ['1'],
  },
];

const TIMES: readonly TypedValue[] = [
  {
    type: 'DATETIME(3)',
    value: "'2024-05-31 23:59:58.500'",
    texts: [
      '2024-05-31 23:59:58.500',
      '2024-05-31T23:59:58.5Z',
      '2024-05-31T23:59:58.500',
      '2024-06-01T01:59:58.5+02:00',
      '1717199998500',
      '1717199998.5',
    ],
    documents: ['"2024-05-31T23:59:58.500Z"', '1717199998500', '1717199998.5'],
    otherTexts: ['2024-05-31 23:59:58.501', '2024-05-31T23:59:58.5+02:00', '1717199998', '1717199998501'],
    otherDocuments: ['"2024-05-31T23:59:58Z"', '1717199998'],
    unlikeTexts: ['yesterday', '31.5.2024'],
  },
  {
    type: 'TIMESTAMP',
    value: "'2024-05-31 23:59:58'",
    texts: ['2024-05-31 23:59:58', '2024-05-31T23:59:58.000Z', '1717199998', '1717199998000'],
    documents: ['1717199998', '"2024-05-31T23:59:58Z"'],
    otherTexts: ['2024-05-31 23:59:59'],
    otherDocuments: ['1717199999'],
  },
  {
    type: 'DATE',
    value: "'2024-05-31'",
    texts: ['2024-05-31', '2024-05-31T00:00:00.000Z', '1717113600'],
    documents: ['"2024-05-31"', '1717113600000'],
    otherTexts: ['2024-06-01', '2024-05-31T00:00:01Z'],
    otherDocuments: ['"2024-05-30"'],
  },
  {
    type: 'TIME',
    value: "'-12:30:00'",
    texts: ['-12:30:00', '-12:30', '-12:30:00.000'],
    documents: ['"-12:30:00"'],
    otherTexts: ['12:30:00', '-12:30:01'],
    otherDocuments: ['"12:30:00"'],
    unlikeTexts: ['noon'],
  },
  {
    type: 'YEAR',
    value: '2024',
    texts: ['2024'],
    documents: ['2024', '"2024"'],
    otherTexts: ['2025', '24'],
    otherDocuments: ['24'],
  },
];

/** A family of emoji, joined by zero-width joiners; and an e with a combining accent. */
const WORDS = 'Grüße \u{1F469}\u200D\u{1F469}\u200D\u{1F467} cafe\u0301';
const DOCUMENT = { b: [1, 2], a: { text: 'ü', none: null } };

const TEXTS: readonly TypedValue[] = [
  {
    type: 'VARCHAR(50) CHARACTER SET utf8mb4',
    value: `'${WORDS}'`,
    texts: [WORDS, json(WORDS)],
    documents: [json(WORDS), json(WORDS).replaceAll('ü', '\\u00fc')],
    otherTexts: [WORDS.normalize('NFC'), `${WORDS} `, WORDS.toUpperCase(), WORDS.replaceAll('\u200D', '')],
    otherDocuments: [json(WORDS.normalize('NFC'))],
    unlikeDocuments: ['1', '{}'],
  },
  {
    type: 'VARCHAR(50) CHARACTER SET latin1',
    value: "'Grüße für 5 €'",
    texts: ['Grüße für 5 €'],
    documents: [json('Grüße für 5 €')],
    otherTexts: ['Gr??e f?r 5 ?', 'Grusse fur 5 €'],
    otherDocuments: [json('Grüße für 5')],
  },
  {
    type: 'TEXT',
    value: "'007'",
    texts: ['007'],
    documents: ['"007"'],
    otherTexts: ['7', '7.0', 'null', ''],
    otherDocuments: ['"7"', 'null'],
    unlikeDocuments: ['7'],
  },
  {
    type: "ENUM('a', 'b')",
    value: "'b'",
    texts: ['b'],
    documents: ['"b"'],
    otherTexts: ['a', 'B', '2'],
    otherDocuments: ['"a"'],
  },
  {
    type: "SET('a', 'b', 'c')",
    value: "'a,c'",
    texts: ['a,c'],
    documents: ['"a,c"'],
    otherTexts: ['a', 'a,b,c'],
    otherDocuments: ['"a"'],
    unlikeDocuments: ['["a","c"]'],
  },
  {
    type: 'JSON',
    value: `'${json(DOCUMENT).replace('2', '9007199254740993')}'`,
    texts: ['{"a": {"none": null, "text": "ü"}, "b": [1, 9007199254740993]}'],
    documents: [
      '{"b":[1.0,9007199254740993],"a":{"text":"\\u00fc","none":null}}',
      json('{"b":[1,9007199254740993],"a":{"text":"ü","none":null}}'),
    ],
    otherTexts: [
      '{"a": {"none": null, "text": "ü"}, "b": [1, 9007199254740992]}',
      '{"a": {"none": null, "text": "ü"}, "b": [9007199254740993, 1]}',
      '{"a": {"text": "ü"}, "b": [1, 9007199254740993]}',
    ],
    otherDocuments: ['{}', '"x"'],
    unlikeTexts: ['{"a": '],
  },
  {
    type: 'BINARY(4)',
    value: "x'00ff10ab'",
    texts: ['00ff10ab', '00FF10AB', 'AP8Qqw==', 'AP8Qqw'],
    documents: ['"00ff10ab"', '"AP8Qqw=="', '{"type":"Buffer","data":[0,255,16,171]}'],
    otherTexts: ['00ff10ac', 'AP8Qrw=='],
    otherDocuments: ['"00ff10ac"', '{"type":"Buffer","data":[0,255,16,172]}'],
    unlikeDocuments: ['1'],
  },
  {
    type: 'VARBINARY(8)',
    value: "x'fbff'",
    texts: ['fbff', '+/8=', '-_8'],
    documents: ['"+/8="', '"-_8"'],
    otherTexts: ['fbfe', 'fbff00'],
    otherDocuments: ['"+/4="'],
  },
];

export const TYPED_VALUES: readonly TypedValue[] = [...NUMBERS, ...TIMES, ...TEXTS];
