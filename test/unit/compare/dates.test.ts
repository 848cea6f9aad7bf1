import { describe, expect, test } from 'vitest';
import { asString, inHash, inJson } from './support.js';

const NOON = '2024-05-31 12:00:00';
const NOON_S = Date.UTC(2024, 4, 31, 12) / 1000;

describe('DATETIME and TIMESTAMP', () => {
  test.each([
    '2024-05-31 12:00:00',
    '2024-05-31T12:00:00',
    '2024-05-31t12:00:00z',
    '2024-05-31 12:00:00.000',
    '2024-05-31T12:00:00.000Z',
    '2024-05-31T12:00:00.000000000Z',
    '2024-05-31T12:00:00+00:00',
    '2024-05-31 12:00:00 +0000',
    '2024-05-31T14:00:00+02:00',
    '2024-05-31T14:00+02',
    '2024-05-31T06:30:00-05:30',
    '2024-06-01T02:00:00.0+14:00',
    '"2024-05-31T12:00:00.000Z"',
    String(NOON_S),
    String(NOON_S * 1000),
    String(NOON_S * 1_000_000),
    `${NOON_S}.000`,
  ])('%s equals noon', (held) => {
    expect(asString('datetime', held, NOON)).toBe('equal');
    expect(asString('timestamp', held, `${NOON}.000000`)).toBe('equal');
  });

  test('JSON holds them as strings or as epoch numbers', () => {
    expect(inJson('datetime', '"2024-05-31T12:00:00.000Z"', NOON)).toBe('equal');
    for (const unit of [1, 1000, 1_000_000]) {
      expect(inJson('datetime', String(NOON_S * unit), NOON)).toBe('equal');
      expect(inJson('datetime', String((NOON_S + 1) * unit), NOON)).toBe('stale');
    }
    for (const held of ['true', '[]', '{}', '"noon"'])
      expect(inJson('datetime', held, NOON)).toBe('unparseable');
  });

  test.each([
    '2024-05-31 12:00:01',
    '2024-05-31 12:00:00.001',
    '2024-05-31 12:00:00.0000001',
    '2024-05-31T12:00:00+02:00',
    '2024-05-31',
    '2024-06-31 12:00:00',
    '0000-00-00 00:00:00',
    '0',
    String(NOON_S + 1),
    String(NOON_S * 100),
    `${NOON_S}.001`,
  ])('%s is another time', (held) => {
    expect(asString('datetime', held, NOON)).toBe('stale');
    expect(inHash('datetime', held, NOON)).toBe('stale');
  });

  test.each([
    'noon',
    '2024-5-31',
    '31.05.2024',
    '2024-05-31 25:00:00',
    '2024-05-31 12:60:00',
    '2024-05-31 12:00:00 CET',
  ])('%s is no date', (held) => {
    expect(asString('datetime', held, NOON)).toBe('unparseable');
  });

  test('fractions count to the microsecond, in text and in epoch numbers', () => {
    const row = '2024-05-31 12:00:00.123456';
    for (const held of [
      '2024-05-31T12:00:00.123456Z',
      '2024-05-31T12:00:00.1234560',
      `${NOON_S}.123456`,
      `${NOON_S}123.456`,
      `${NOON_S}123456`,
    ]) {
      expect(asString('datetime', held, row)).toBe('equal');
    }
    for (const held of ['2024-05-31T12:00:00.123Z', `${NOON_S}`, `${NOON_S}123`, `${NOON_S}123457`])
      expect(asString('datetime', held, row)).toBe('stale');
    expect(inJson('datetime', `${NOON_S}.123456`, row)).toBe('equal');
    expect(inJson('datetime', `${NOON_S}123`, '2024-05-31 12:00:00.123')).toBe('equal');
  });

  test('times before 1970, at 1970, and at the ends of the calendar are times as any other', () => {
    expect(asString('datetime', '-0.5', '1969-12-31 23:59:59.5')).toBe('equal');
    expect(asString('datetime', '-1500', '1969-12-31 23:59:58.500')).toBe('equal');
    expect(asString('datetime', '0', '1970-01-01 00:00:00')).toBe('equal');
    expect(asString('datetime', '1', '1970-01-01 00:00:00')).toBe('stale');
    expect(asString('datetime', '0050-03-01T00:00:00+24:00', '0050-02-28 00:00:00')).toBe('unparseable');
    expect(asString('datetime', '0050-03-01T01:00:00+02:00', '0050-02-28 23:00:00')).toBe('equal');
    expect(asString('datetime', '2000-03-01T01:00:00+02:00', '2000-02-29 23:00:00')).toBe('equal');
    expect(asString('datetime', '1900-03-01T01:00:00+02:00', '1900-02-28 23:00:00')).toBe('equal');
    expect(asString('datetime', '1900-02-29T00:00:00', '1900-03-01 00:00:00')).toBe('stale');
    expect(asString('datetime', '253402300799999', '9999-12-31 23:59:59.999')).toBe('equal');
    expect(asString('datetime', String(Date.UTC(1000, 0, 1)), '1000-01-01 00:00:00')).toBe('equal');
  });

  test('a zero date equals only its own text', () => {
    const zero = '0000-00-00 00:00:00';
    expect(asString('datetime', zero, zero)).toBe('equal');
    expect(inJson('datetime', `"${zero}"`, zero)).toBe('equal');
    for (const held of ['0000-00-00', '0000-00-00T00:00:00', '0', '1970-01-01 00:00:00'])
      expect(asString('datetime', held, zero)).toBe('stale');
    expect(asString('date', '2024-00-00', '2024-00-00')).toBe('equal');
  });
});

describe('DATE', () => {
  test('it is its midnight', () => {
    for (const held of ['2024-05-31', '2024-05-31T00:00:00.000Z', '2024-05-31 00:00:00', '1717113600'])
      expect(asString('date', held, '2024-05-31')).toBe('equal');
    expect(asString('datetime', '2024-05-31', '2024-05-31 00:00:00.000')).toBe('equal');
    expect(asString('date', '2024-05-31 00:00:01', '2024-05-31')).toBe('stale');
    expect(asString('date', '2024-05-30T22:00:00Z', '2024-05-31')).toBe('stale');
  });
});

describe('TIME', () => {
  test.each([
    ['08:05:00', '08:05:00.000'],
    ['8:05', '08:05:00'],
    ['-01:30:00.50', '-01:30:00.5'],
    ['838:59:59', '838:59:59'],
    ['-00:00:00', '00:00:00'],
    ['+100:00:00', '100:00:00.000000'],
  ])('%s equals %s', (held, row) => {
    expect(asString('time', held, row)).toBe('equal');
    expect(inJson('time', `"${held}"`, row)).toBe('equal');
  });

  test('another time is stale, and anything else no time', () => {
    for (const held of ['08:05:01', '-08:05:00', '08:05:00.1', '32:05:00'])
      expect(asString('time', held, '08:05:00')).toBe('stale');
    for (const held of ['08:60:00', 'soon', '8', '8:5:0'])
      expect(asString('time', held, '08:05:00')).toBe('unparseable');
    expect(inJson('time', '29100', '08:05:00')).toBe('unparseable');
  });
});
