import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../../src/ops/metrics.js';

const promised = [
  'tail_rows_total',
  'tail_transactions_total',
  'tail_lag_seconds',
  'tail_lag_bytes',
  'tail_leader',
  'tail_sessions_total',
  'tail_queue_bytes',
  'published_messages_total',
  'publish_batches_total',
  'publish_seconds',
  'checkpoint_timestamp_seconds',
  'consumed_messages_total',
  'deleted_keys_total',
  'removed_keys_total',
  'failed_keys_total',
  'publish_to_delete_seconds',
  'consumer_lag_messages',
  'paused_partitions',
  'retry_depth',
  'retry_oldest_overdue_seconds',
  'retry_attempts_total',
  'dead_letters_total',
  'stage_up',
];

describe('The metrics', () => {
  test('have every name that dashboards and alerts rely on', async () => {
    const text = await createMetrics().text();
    for (const name of promised) expect(text).toContain(`# TYPE unstale_${name} `);
    expect(text).toContain('process_cpu_seconds_total');
  });

  test('carry their labels and values', async () => {
    const metrics = createMetrics();
    metrics.tail.rows.inc({ table: 'shop.products' }, 3);
    metrics.consumer.lagMessages.set({ stage: 'settle-1' }, 7);
    metrics.retry.deadLetters.inc({ reason: 'RETRIES_EXHAUSTED' });
    metrics.consumer.publishToDeleteSeconds.observe(0.0012);
    const text = await metrics.text();
    expect(text).toContain('unstale_tail_rows_total{table="shop.products"} 3');
    expect(text).toContain('unstale_consumer_lag_messages{stage="settle-1"} 7');
    expect(text).toContain('unstale_dead_letters_total{reason="RETRIES_EXHAUSTED"} 1');
    expect(text).toContain('unstale_publish_to_delete_seconds_bucket{le="0.001"} 0');
    expect(text).toContain('unstale_publish_to_delete_seconds_bucket{le="0.0015"} 1');
  });

  test('of two processes in one do not mix', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.tail.transactions.inc(5);
    expect(await other.text()).toContain('unstale_tail_transactions_total 0');
  });
});
