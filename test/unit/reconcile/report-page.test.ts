import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { renderReportPage } from '../../../src/reconcile/page/page.js';
import { chartData, chartLibrary, forScriptElement } from '../../../src/reconcile/page/script.js';
import { overTimeChart } from '../../../src/reconcile/page/charts.js';
import { type ReportSummary, summaryOf } from '../../../src/reconcile/report-summary.js';
import { driftWith, reportWith, sampleWith, tableWith } from '../../support/reports.js';

const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\'';
const ESCAPED = '&#60;/script&#62;&#60;script&#62;alert(1)';

/** The page without its style and scripts: what a reader sees of it, and tags. */
const bodyOf = (page: string): string =>
  page.replaceAll(/<script[^>]*>.*?<\/script>|<style>.*?<\/style>/gs, '');
const textOf = (page: string): string =>
  bodyOf(page)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
const scriptsOf = (page: string): string[] =>
  [...page.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, script = '']) => script);

const runs = (...drifts: number[]): ReportSummary[] =>
  drifts.map((stale, index) => {
    const startedAt = new Date(Date.UTC(2026, 1, 1, index)).toISOString();
    return summaryOf(reportWith({ id: `before-${index}`, startedAt, drift: driftWith({ stale }) }));
  });

const drifted = reportWith({
  drift: driftWith({ stale: 9, orphan: 3 }),
  repaired: 12,
  tables: [tableWith({ drift: driftWith({ stale: 9, orphan: 3 }), repaired: 12 })],
  samples: [sampleWith()],
});

describe('the report page', () => {
  test('shows hostile text everywhere as text', () => {
    const page = renderReportPage(
      reportWith({
        name: HOSTILE,
        id: HOSTILE,
        status: 'failed',
        reason: HOSTILE,
        drift: driftWith({ stale: 1 }),
        tables: [tableWith({ table: HOSTILE, drift: driftWith({ stale: 1 }) })],
        samples: [
          sampleWith({
            table: HOSTILE,
            template: HOSTILE,
            key: HOSTILE,
            field: HOSTILE,
            rowKey: HOSTILE,
            differs: HOSTILE,
            cached: HOSTILE,
            row: `${HOSTILE}.`,
            history: {
              verdict: 'event_seen',
              text: HOSTILE,
              changes: [
                {
                  at: '2026-03-01T11:00:00Z',
                  operation: 'update',
                  changed: [HOSTILE],
                  partition: 0,
                  offset: HOSTILE,
                  gtid: HOSTILE,
                },
              ],
            },
          }),
          sampleWith({ cached: HOSTILE, row: 'x' }), // marked as different, all of it
        ],
        mismatches: [{ table: HOSTILE, template: HOSTILE, compared: 9, alike: 9, differs: HOSTILE }],
        coverage: [{ table: HOSTILE, template: HOSTILE, values: false, keys: false, why: HOSTILE }],
        unexplained: { keys: 1, samples: [HOSTILE] },
        undecided: 1,
        undecidedSamples: [{ key: HOSTILE, why: HOSTILE }],
        skipped: [{ what: HOSTILE, why: HOSTILE }],
      }),
      runs(1, 2).map((run) => ({ ...run, reason: HOSTILE })),
    );
    expect(bodyOf(page)).not.toMatch(/<img|<script|alert\(1\)<\/script/);
    expect(bodyOf(page).split(ESCAPED).length).toBeGreaterThan(28);
    expect(scriptsOf(page)).toHaveLength(3); // the library, the drawing, the data
  });

  test('keeps the data that scripts read whole, whatever a table is called', () => {
    const tables = [tableWith({ table: HOSTILE, drift: driftWith({ stale: 1 }) })];
    const page = renderReportPage({ ...drifted, tables }, runs(1));
    const data = scriptsOf(page).find((script) => script.startsWith('{'));
    expect(data).not.toContain('<');
    const { charts } = JSON.parse(data ?? '') as { charts: { config: { data: { labels: string[] } } }[] };
    expect(charts[1]?.config.data.labels[0]).toContain('</script><script>alert(1)');
  });

  test('writes characters out that nobody could see, or that turn a line around', () => {
    const page = renderReportPage(
      { ...drifted, samples: [sampleWith({ cached: 'a\u202eb\u200b', row: 'ab\u001b' })] },
      [],
    );
    expect(textOf(page)).toContain('\\u{202e}');
    expect(textOf(page)).toContain('\\u{200b}');
    expect(textOf(page)).toContain('\\u{1b}');
    expect(bodyOf(page).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('marks only what differs, and tells an empty text, nothing and a missing row apart', () => {
    const samples = [
      sampleWith({ cached: '{"price":"1.10","stock":5}', row: '{"price":"1.1","stock":5}' }),
      sampleWith({ kind: 'missing', cached: null, row: '2' }),
      sampleWith({ kind: 'orphan', cached: '', row: null }),
      sampleWith({ cached: 'x\n', row: 'x' }),
      sampleWith({ cached: '\nfirst line empty', row: '\nfirst line void' }),
    ];
    const body = bodyOf(renderReportPage({ ...drifted, samples }, []));
    expect(body).toContain('<mark>1.10</mark>&#34;,&#34;stock');
    expect(body).toContain('<mark>1.1</mark>&#34;,&#34;stock');
    expect(body).toContain('x<mark>\\u{a}</mark>');
    expect(body).toContain('<pre>\n\nfirst line <mark>empty</mark>'); // parsers drop the first line end
    for (const words of ['Nothing', 'An empty text', 'No row'])
      expect(body).toContain(`<p class="nothing">${words}</p>`);
  });

  test('leaves out what long values have in common, so that the difference is seen', () => {
    const common = 'all the same on both sides, '.repeat(200);
    const samples = [sampleWith({ cached: `${common}OLD`, row: `${common}NEW` })];
    const body = bodyOf(renderReportPage({ ...drifted, samples }, []));
    expect(body).toContain('5,360 characters alike');
    expect(body).toMatch(/both sides, <mark>OLD<\/mark>/);
    expect(body).not.toContain('all the same on both sides, '.repeat(10));
  });

  test('loads nothing: no address of another place is in it but in the comments of the library', () => {
    const page = renderReportPage(drifted, runs(1, 2, 3));
    expect(page.replaceAll(/\/\*!.*?\*\//gs, '')).not.toMatch(/(?:src|href)="(?!#)|@import|url\(|sourceMapp/);
    expect(page).toContain("default-src 'none'");
  });

  test('has every figure in the markup, so that it can be read without scripts', () => {
    const text = textOf(renderReportPage(drifted, runs(4, 77)));
    for (const figure of ['1,000,000', '420,000', '400,000', '238,095 a second', '4.2 s', '1 of 1', ' 77 '])
      expect(text).toContain(figure);
    expect(text).toContain('3 runs in figures');
    expect(text).toContain('Redis held 5 MySQL holds 3');
    expect(text).toContain('Late fill.');
    expect(text).toContain('9007199254740993');
  });

  test('says in a sentence what a chart would have nothing to show of, and then brings no script', () => {
    const page = renderReportPage(reportWith(), runs(0, 0));
    expect(textOf(page)).toContain('No value drifted in any of the 3 runs up to this one.');
    expect(page).not.toMatch(/<script|<canvas/);
    expect(textOf(renderReportPage(reportWith({ tables: [], coverage: [] }), []))).toContain('Only this run');
  });

  test('shows the last 60 runs up to the report, oldest first, and none after it', () => {
    const history = runs(...Array.from({ length: 70 }, (_, index) => index + 1)).reverse();
    const later = summaryOf(reportWith({ id: 'later', startedAt: '2026-04-01T00:00:00Z' }));
    const page = renderReportPage(drifted, [later, summaryOf(drifted), ...history]);
    const data = JSON.parse(scriptsOf(page).find((script) => script.startsWith('{')) ?? '') as {
      charts: { config: { data: { datasets: { data: number[] }[] } } }[];
    };
    const stale = data.charts[0]?.config.data.datasets[0]?.data;
    expect(stale).toHaveLength(60);
    expect(stale?.slice(-3)).toEqual([69, 70, 9]);
  });
});

describe('code inside a script element', () => {
  test('cannot end it, and its texts stay the same', () => {
    const code = forScriptElement(
      `const end = '</script>' + "</SCRIPT >";\n//# sourceMappingURL=x.js.map\nend`,
    );
    expect(code).not.toMatch(/<\/script|sourceMappingURL/i);
    expect(runInNewContext(code)).toBe('</script></SCRIPT >');
  });

  test('is the library as it is published', () => {
    expect(chartLibrary()).toMatch(/^\/\*!\s+\* Chart\.js v4/);
    expect(chartLibrary()).not.toMatch(/<\/script|<!--|<script|\r/i);
  });

  test('gets its data without a character that opens a tag', () => {
    const chart = overTimeChart(runs(1, 2));
    expect(chartData(chart === undefined ? [] : [{ ...chart, id: '<!--<script>' }])).not.toContain('<');
  });
});
