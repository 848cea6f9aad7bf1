import { describe, expect, test } from 'vitest';
import { isDrained, parseMetrics, readFigures, type UnstaleFigures } from '../../../infra/demo/metrics.js';

const text = `# HELP unstale_deleted_keys_total Keys
# TYPE unstale_deleted_keys_total counter
unstale_deleted_keys_total{stage="invalidate"} 120
unstale_deleted_keys_total{stage="settle-1"} 80
unstale_removed_keys_total{stage="invalidate",node="a \\"b\\""} 7
unstale_published_messages_total 50
unstale_consumed_messages_total{stage="invalidate"} 50
unstale_consumed_messages_total{stage="settle-1"} 49 1700000000000
unstale_tail_lag_seconds 2.5e-1
unstale_retry_depth 3
unstale_retry_attempts_total 4

not a metric at all
`;

describe('parseMetrics', () => {
  test('reads labels with escaped quotes', () => {
    const sample = parseMetrics(text).find(({ name }) => name === 'unstale_removed_keys_total');
    expect(sample).toEqual({
      name: 'unstale_removed_keys_total',
      labels: { stage: 'invalidate', node: 'a \\"b\\"' },
      value: 7,
    });
  });

  test('leaves out comments and what is no sample', () => {
    expect(parseMetrics(text)).toHaveLength(9);
  });
});

describe('readFigures', () => {
  test('sums stages, and keeps them apart where that matters', () => {
    expect(readFigures(text)).toEqual({
      published: 50,
      deleted: 200,
      removed: 7,
      retriesWaiting: 3,
      retries: 4,
      tailLagSeconds: 0.25,
      consumed: new Map([
        ['invalidate', 50],
        ['settle-1', 49],
      ]),
    });
  });
});

describe('isDrained', () => {
  const drained: UnstaleFigures = {
    published: 50,
    deleted: 200,
    removed: 7,
    retriesWaiting: 0,
    retries: 0,
    tailLagSeconds: 0.2,
    consumed: new Map([
      ['invalidate', 50],
      ['settle-1', 52],
    ]),
  };

  test('holds once every stage has consumed all that was published, or more', () => {
    expect(isDrained(drained)).toBe(true);
  });

  test.each<[string, Partial<UnstaleFigures>]>([
    ['a stage is behind', { published: 51 }],
    ['a key waits for a retry', { retriesWaiting: 1 }],
    ['the tail is behind', { tailLagSeconds: 3 }],
    ['no stage has told anything', { consumed: new Map() }],
  ])('does not hold while %s', (_, part) => {
    expect(isDrained({ ...drained, ...part })).toBe(false);
  });
});
