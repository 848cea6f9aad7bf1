import { type ExactNumber, readNumber } from './exact-number.js';

/** A moment in UTC. */
export interface Instant {
  /** Whole seconds since 1970, rounded down. */
  readonly seconds: number;
  /** Digits behind the point, without zeros at the end. */
  readonly fraction: string;
}

const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?: ?(?:Z|([+-])(\d\d)(?::?(\d\d))?))?)?$/i;
const time = /^([+-]?)(\d{1,3}):(\d\d)(?::(\d\d)(?:\.(\d+))?)?$/;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const DAYS_OF_400_YEARS = 146_097;
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads `2024-05-31`, `2024-05-31 23:59:58.5`, `2024-05-31T23:59:58.500Z`, `…+02:00`. Without an offset it is UTC;
 * without a time it is midnight. Undefined if the text is nothing of the kind; 'no such day' for a date that MySQL
 * can hold but that is none, like zero dates.
 */
export function readInstant(text: string): Instant | 'no such day' | undefined {
  const parts = dateTime.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', sign, ...offset] = parts;
  const [offsetHours = '0', offsetMinutes = '0'] = offset;
  if (Math.max(Number(minute), Number(second), Number(offsetMinutes)) > 59) return undefined;
  if (Math.max(Number(hour), Number(offsetHours)) > 23) return undefined;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === undefined) return 'no such day';
  const ahead = Number(offsetHours) * HOUR_S + Number(offsetMinutes) * MINUTE_S;
  return {
    seconds:
      days * DAY_S +
      Number(hour) * HOUR_S +
      Number(minute) * MINUTE_S +
      Number(second) -
      (sign === '-' ? -ahead : ahead),
    fraction: withoutZerosAtEnd(fraction),
  };
}

export function sameInstant(one: Instant, other: Instant): boolean {
  return one.seconds === other.seconds && one.fraction === other.fraction;
}

/** Seconds since 1970 with their fraction, exactly. */
export function sinceEpoch({ seconds, fraction }: Instant): ExactNumber {
  const micros = BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
  return readNumber(`${micros}e-6`) ?? { negative: false, digits: '', exponent: 0 };
}

/** In the proleptic Gregorian calendar, as MySQL has it; undefined if there is no such day. */
function daysSinceEpoch(year: number, month: number, day: number): number | undefined {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const daysOfMonth = month === 2 && isLeap ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);
  if (day < 1 || day > daysOfMonth) return undefined;
  // Years repeat after 400; JavaScript takes those below 100 for years of the last century.
  const later = Date.UTC(year + 400, month - 1, day) / (DAY_S * 1000);
  return later - DAYS_OF_400_YEARS;
}

/** Reads `-838:59:59.5` as a text that is the same for equal times; undefined if it is no time. */
export function readTime(text: string): string | undefined {
  const parts = time.exec(text);
  if (parts === null) return undefined;
  const [, sign, hours, minute, second = '0', fraction = ''] = parts;
  if (Math.max(Number(minute), Number(second)) > 59) return undefined;
  const seconds = Number(hours) * HOUR_S + Number(minute) * MINUTE_S + Number(second);
  const size = `${seconds}.${withoutZerosAtEnd(fraction)}`;
  return sign === '-' && size !== '0.' ? `-${size}` : size;
}

function withoutZerosAtEnd(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
