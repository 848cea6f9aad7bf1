import { expect, test } from 'vitest';
import { withCompared } from '../../bench/measurements.js';
import { createRateMeter } from '../../bench/rate.js';
import { numberText } from '../../bench/table.js';

test('a part brings along what it is compared with', () => {
  expect(withCompared(['tail'])).toEqual(['tail', 'limit']);
  expect(withCompared(['latency', 'pipeline'])).toEqual(['tail', 'limit', 'pipeline', 'latency']);
  expect(withCompared(['limit'])).toEqual(['limit']);
  expect(withCompared(['reconcile'])).toEqual(['reconcile']);
});

test('what was done at the first sighting counts neither as work nor as time', () => {
  const meter = createRateMeter();
  for (const [done, atMs] of [
    [0, 0],
    [100, 1000],
    [100, 1050],
    [300, 2000],
    [300, 9000],
  ] as const)
    meter.seen(done, atMs);
  expect(meter.perSecond()).toBe(200);
  expect(meter.firstSeenMs()).toBe(1000);
});

test('a rate of work that was all there at once is refused', () => {
  const meter = createRateMeter();
  meter.seen(300, 1000);
  expect(() => meter.perSecond()).toThrow('Use more rows');
});

test.each([
  [123_456.7, '123,457'],
  [12.34, '12.3'],
  [1.234, '1.23'],
  [0, '0'],
])('%d is shown as %s', (value, text) => {
  expect(numberText(value)).toBe(text);
});
