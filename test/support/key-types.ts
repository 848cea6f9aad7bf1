import fc from 'fast-check';

/** A key for a table, and values for it as SQL: those that sort, compare or print in their own way. */
export interface KeyType {
  readonly title: string;
  /** A definition and its values for each column of the key. */
  readonly columns: readonly KeyColumn[];
  /** Definition of the key, of the columns k0, k1, …; default: the primary key. */
  readonly key?: string;
  /** MySQL can't seek in it. */
  readonly seekless?: boolean;
}

export interface KeyColumn {
  readonly definition: string;
  readonly values: fc.Arbitrary<string>;
}

const hex = (bytes: Uint8Array): string => `x'${Buffer.from(bytes).toString('hex')}'`;
const quoted = (text: string): string => `'${text}'`;
const pad = (number: number, length: number): string => String(number).padStart(length, '0');
const integer = (min: bigint, max: bigint): fc.Arbitrary<string> =>
  fc
    .oneof(
      fc.bigInt({ min, max }),
      fc.bigInt({ min: max - 3n, max }),
      fc.bigInt({ min: min < 0n ? -9n : 0n, max: 9n }),
    )
    .map(String);
const text = (characters: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...Array.from(characters)), { maxLength: 5 })
    .map((letters) => `_utf8mb4 ${hex(Buffer.from(letters.join('')))}`);
const AWKWARD = `aAbBéÉßsz '"\`\\\n\t\0%?_0`;
const raw = (charset: string, ...characters: string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...characters), { maxLength: 4 })
    .map((letters) => `_${charset} x'${letters.join('')}'`);
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 16 }),
  fc.array(fc.constantFrom(0, 32, 39, 92, 255), { maxLength: 3 }).map((each) => Uint8Array.from(each)),
);

const date = fc
  .tuple(fc.constantFrom(0, 1, 1000, 1970, 2024, 9999), fc.nat(12), fc.nat(31))
  .map(([year, month, day]) => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`);
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(
    ([hour, minute, second, micro]) => `${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(micro, 6)}`,
  );

const INT = { definition: 'INT', values: integer(-(2n ** 31n), 2n ** 31n - 1n) };
const FEW = { definition: 'TINYINT', values: fc.constantFrom('-128', '-1', '0', '126', '127') };
const BIGINT_UNSIGNED = { definition: 'BIGINT UNSIGNED', values: integer(0n, 2n ** 64n - 1n) };
const DATETIME = {
  definition: 'DATETIME(6)',
  values: fc.tuple(date, clock).map((parts) => quoted(parts.join(' '))),
};
const ENUM = {
  definition: "ENUM('z','it''s','a','M','é','b\\\\','c,d') COLLATE utf8mb4_bin",
  values: fc.nat(7).map(String),
};
const SET = { definition: "SET('d','a','c','b')", values: fc.nat(15).map(String) };
const BIT = {
  definition: 'BIT(64)',
  values: fc.oneof(fc.constantFrom('0', '1', '255'), integer(0n, 2n ** 64n - 1n)),
};
const varchar = (collation: string, values = text(AWKWARD + '😀')): KeyColumn => ({
  definition: `VARCHAR(20) COLLATE ${collation}`,
  values,
});

const single = (title: string, column: KeyColumn): KeyType => ({ title, columns: [column] });

export const KEY_TYPES: readonly KeyType[] = [
  single('INT', INT),
  single('BIGINT', { definition: 'BIGINT', values: integer(-(2n ** 63n), 2n ** 63n - 1n) }),
  single('BIGINT UNSIGNED', BIGINT_UNSIGNED),
  single('BIGINT ZEROFILL', { ...BIGINT_UNSIGNED, definition: 'BIGINT(20) ZEROFILL' }),
  single('DECIMAL', {
    definition: 'DECIMAL(38,10)',
    values: fc.tuple(integer(-(10n ** 27n), 10n ** 27n), fc.nat(999)).map((parts) => parts.join('.')),
  }),
  single('FLOAT', {
    definition: 'FLOAT',
    values: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  }),
  single('FLOAT with a fixed number of digits', {
    definition: 'FLOAT(10,3)',
    values: fc.float({ noNaN: true, max: 1e4, min: -1e4 }).map(String),
  }),
  single('DOUBLE', {
    definition: 'DOUBLE',
    values: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  }),
  ...[
    'utf8mb4_0900_ai_ci',
    'utf8mb4_0900_bin',
    'utf8mb4_bin',
    'utf8mb4_general_ci',
    'utf8mb4_unicode_ci',
  ].map((collation) => single(`VARCHAR in ${collation}`, varchar(collation))),
  single('VARCHAR in utf8mb3', varchar('utf8mb3_general_ci', text(`${AWKWARD}中文`))),
  single('VARCHAR in latin1', varchar('latin1_swedish_ci', text(`${AWKWARD}€ÿ\u0081\u009d`))),
  single('VARCHAR in latin1, binary', varchar('latin1_bin', text(`${AWKWARD}€ÿ\u0081\u009d`))),
  single('VARCHAR in ascii', varchar('ascii_general_ci', text('aAb \'"\\?~\0'))),
  single('VARCHAR in utf16', varchar('utf16_bin', text(`${AWKWARD}中😀`))),
  single(
    'VARCHAR in gbk',
    varchar('gbk_chinese_ci', raw('gbk', 'd6d0', 'cec4', '61', '5c', '27', '815c', 'a2a0', 'fe55')),
  ),
  // Two encodings of each of these characters, of which utf8mb4 keeps one.
  single(
    'VARCHAR in cp932',
    varchar('cp932_bin', raw('cp932', '8790', '81e0', '8754', 'fa4a', 'eeef', '61')),
  ),
  single('CHAR', { definition: 'CHAR(6) COLLATE utf8mb4_0900_ai_ci', values: text(AWKWARD) }),
  single('CHAR, padded', { definition: 'CHAR(6) COLLATE latin1_german1_ci', values: text(AWKWARD) }),
  single('BINARY', { definition: 'BINARY(16)', values: bytes.map(hex) }),
  single('VARBINARY', { definition: 'VARBINARY(16)', values: bytes.map(hex) }),
  single('DATE', { definition: 'DATE', values: date.map(quoted) }),
  single('DATETIME', DATETIME),
  single('TIMESTAMP', {
    definition: 'TIMESTAMP(3)',
    values: fc.oneof(
      fc.constant("'0000-00-00'"),
      fc.integer({ min: 1, max: 2_147_483_646 }).map((s) => `FROM_UNIXTIME(${s}.${pad(s % 1000, 3)})`),
    ),
  }),
  single('TIME', {
    definition: 'TIME(6)',
    values: fc.oneof(
      fc.constantFrom("'-838:59:59'", "'838:59:59'", "'0:0:0'"),
      fc.tuple(fc.constantFrom('', '-'), clock).map((parts) => quoted(parts.join(''))),
    ),
  }),
  single('YEAR', { definition: 'YEAR', values: fc.oneof(fc.constant('0'), integer(1901n, 2155n)) }),
  single('ENUM', ENUM),
  single('SET', SET),
  single('BIT', BIT),
  { title: 'ENUM, INT', columns: [ENUM, INT] },
  { title: 'TINYINT, ENUM', columns: [FEW, ENUM] },
  { title: 'SET, BIT', columns: [SET, BIT] },
  {
    title: 'BIT(1), TINYINT, DATE',
    columns: [
      { definition: 'BIT(1)', values: fc.constantFrom('0', '1') },
      FEW,
      { definition: 'DATE', values: date.map(quoted) },
    ],
  },
  {
    title: 'VARCHAR, BIGINT UNSIGNED, DATETIME',
    columns: [
      varchar('utf8mb4_general_ci', text('aA ')),
      { ...BIGINT_UNSIGNED, values: fc.constantFrom('0', '18446744073709551615', '9223372036854775808') },
      DATETIME,
    ],
  },
  {
    title: 'YEAR, VARBINARY, FLOAT',
    columns: [
      { definition: 'YEAR', values: fc.constantFrom('0', '2024') },
      { definition: 'VARBINARY(2)', values: fc.constantFrom("''", "x'00'", "x'ff'") },
      { definition: 'FLOAT', values: fc.float({ noNaN: true, max: 100, min: -100 }).map(String) },
    ],
  },
  {
    title: 'TINYINT, VARCHAR falling',
    columns: [FEW, varchar('utf8mb4_bin')],
    key: 'PRIMARY KEY (k0, k1 DESC)',
  },
  { title: 'ENUM falling, INT', columns: [ENUM, INT], key: 'PRIMARY KEY (k0 DESC, k1)' },
  { title: 'INT, in a unique key', columns: [INT, FEW], key: 'INDEX (k0), UNIQUE `odd ``name` (k1, k0)' },
  {
    title: 'INT, in an invisible unique key',
    columns: [FEW, INT],
    key: 'UNIQUE second (k1, k0), UNIQUE first (k0, k1) INVISIBLE',
  },
  { title: 'INT, in a partitioned table', columns: [FEW, INT], key: 'PRIMARY KEY (k0, k1)' },
  {
    title: 'SET of many, INT',
    columns: [
      {
        definition: `SET(${Array.from({ length: 64 }, (_, bit) => quoted(`v${bit}`)).join()})`,
        values: fc.constantFrom('0', '1', '3', '9223372036854775808', '18446744073709551615'),
      },
      INT,
    ],
    seekless: true,
  },
];

/** The table's definition; `id` is a number of its own, which says which row it is whatever its key looks like. */
export function createTable(name: string, { columns, key, title }: KeyType): string {
  const names = columns.map((_, index) => `k${index}`);
  const parts = columns.map(({ definition }, index) => `k${index} ${definition} NOT NULL`);
  const partitions = title.includes('partitioned') ? ' PARTITION BY HASH (k1) PARTITIONS 3' : '';
  return `CREATE TABLE ${name} (id INT NOT NULL, ${parts.join(', ')}, ${key ?? `PRIMARY KEY (${names.join()})`})${partitions}`;
}

/** Rows for it, without their id. */
export const rowsOf = ({ columns }: KeyType): fc.Arbitrary<string[]> =>
  fc.tuple(...columns.map(({ values }) => values));
