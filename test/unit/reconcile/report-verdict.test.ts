import { describe, expect, test } from 'vitest';
import type { Report } from '../../../src/reconcile/report.js';
import { verdictOf } from '../../../src/reconcile/report-verdict.js';
import { driftWith, reportWith } from '../../support/reports.js';

const verdict = (fields: Partial<Report>) => verdictOf(reportWith(fields));
const mismatch = { table: 't', template: 'k:{id}', compared: 9, alike: 9, differs: 'number against text' };

describe('the verdict on a pass', () => {
  test.each<[string, Partial<Report>, string]>([
    ['Nothing drifted', {}, 'clean'],
    [
      '12 values had drifted, all repaired',
      { drift: driftWith({ stale: 10, orphan: 2 }), repaired: 12 },
      'mended',
    ],
    ['1 value had drifted, repaired', { drift: driftWith({ orphan: 1 }), repaired: 1 }, 'mended'],
    ['12 values had drifted, 9 repaired', { drift: driftWith({ stale: 12 }), repaired: 9 }, 'attention'],
    ['2 values had drifted, none repaired', { drift: driftWith({ missing: 2 }) }, 'attention'],
    ['2 values have drifted', { drift: driftWith({ stale: 2 }), repairs: false }, 'attention'],
    ['Nothing drifted', { undecided: 3 }, 'attention'],
    ['Nothing drifted', { mismatches: [mismatch] }, 'attention'],
    ['Nothing was compared', { compared: 0, keys: 0 }, 'attention'],
    ['Stopped: too much', { status: 'stopped', reason: 'too much' }, 'broken'],
    ['Cancelled: by SIGINT', { status: 'cancelled', reason: 'by SIGINT' }, 'broken'],
    ['Failed: no reason was recorded', { status: 'failed' }, 'broken'],
  ])('is "%s" for %o, and sounds %s', (headline, fields, tone) => {
    expect(verdict(fields)).toMatchObject({ headline, tone });
  });

  test('never sounds clean when the pass saw nothing of the cache', () => {
    expect(verdict({ compared: 0, keys: 0, drift: driftWith() }).details.join(' ')).toContain('coverage');
  });

  test('tells what was found before it ended early, and what is left', () => {
    const { details } = verdict({
      status: 'stopped',
      reason: 'x',
      drift: driftWith({ stale: 17 }),
      repaired: 16,
      undecided: 1,
    });
    expect(details).toEqual([
      'Until then: 17 values had drifted, 16 repaired.',
      '1 value was not repaired; the samples say why.',
      '1 value could not be settled in time; the next pass looks at it first.',
    ]);
  });
});
