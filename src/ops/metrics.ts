/**
 * What the process measures, in a registry of its own. In: calls by the stages. Out: Prometheus' text format.
 * Series with labels appear with their first event.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Fine where deletes should be (milliseconds), coarse up to a minute, where something is broken. */
const PUBLISH_TO_DELETE_BUCKETS = [
  0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10, 30, 60,
];
const PUBLISH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name: `unstale_${name}`, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name: `unstale_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `unstale_${name}`, help, buckets, registers });

  return {
    contentType: registry.contentType,
    /** All metrics in Prometheus' text format. */
    text: (): Promise<string> => registry.metrics(),
    tail: {
      rows: counter('tail_rows_total', 'Rows of mapped tables read from the binlog.', 'table'),
      transactions: counter('tail_transactions_total', 'Transactions read from the binlog.'),
      lagSeconds: gauge('tail_lag_seconds', 'Age of the newest transaction read; 0 when caught up.'),
      lagBytes: gauge('tail_lag_bytes', 'Bytes of binlog behind the server.'),
      leader: gauge('tail_leader', '1 while this process leads, 0 while it stands by.'),
      sessions: counter('tail_sessions_total', 'Binlog sessions begun.'),
      queueBytes: gauge('tail_queue_bytes', 'Bytes read from the binlog and not yet acknowledged by Kafka.'),
    },
    publish: {
      messages: counter('published_messages_total', 'Messages that Kafka acknowledged.'),
      batches: counter('publish_batches_total', 'Sends that Kafka acknowledged.'),
      seconds: histogram('publish_seconds', 'Time from send to acknowledgement.', PUBLISH_BUCKETS),
      checkpointedAt: gauge(
        'checkpoint_timestamp_seconds',
        'Up to when everything is published and checkpointed; subtract it from now for its age.',
      ),
    },
    /** `stage` is `invalidate`, `settle-1`, and so on. */
    consumer: {
      messages: counter('consumed_messages_total', 'Messages handled.', 'stage'),
      deletedKeys: counter(
        'deleted_keys_total',
        'Keys that Redis was asked to delete, and did or had not.',
        'stage',
      ),
      removedKeys: counter('removed_keys_total', 'Keys deleted that existed.', 'stage'),
      failedKeys: counter(
        'failed_keys_total',
        'Keys that could not be deleted and went to the retry queue.',
        'stage',
      ),
      publishToDeleteSeconds: histogram(
        'publish_to_delete_seconds',
        "Time from sending a change's message to Kafka to its keys' deletion.",
        PUBLISH_TO_DELETE_BUCKETS,
      ),
      lagMessages: gauge('consumer_lag_messages', 'Messages not yet handled.', 'stage'),
      pausedPartitions: gauge(
        'paused_partitions',
        'Partitions that wait: not due yet (settle), or their keys could be neither deleted nor queued.',
        'stage',
      ),
    },
    retry: {
      depth: gauge('retry_depth', 'Jobs in the retry queue; each holds up to 200 keys.'),
      oldestOverdueSeconds: gauge(
        'retry_oldest_overdue_seconds',
        'How long the oldest due job has been waiting.',
      ),
      attempts: counter('retry_attempts_total', 'Attempts of retry jobs.'),
      deadLetters: counter('dead_letters_total', 'Records written to the dead-letter topic.', 'reason'),
    },
    reconcile: {
      runs: counter('reconcile_runs_total', 'Runs that ended here, by how.', 'scope', 'status'),
      running: gauge('reconcile_running', '1 while a run is under way here.'),
      rows: counter('reconcile_rows_total', 'Rows read from MySQL.'),
      keys: counter('reconcile_keys_total', 'Keys found in Redis.'),
      compared: counter('reconcile_compared_total', 'Cached values compared with their rows.'),
      drift: counter('reconcile_drift_total', 'Values that had drifted, confirmed.', 'table', 'kind'),
      repaired: counter('reconcile_repaired_total', 'Drifted values that were deleted.'),
      undecided: gauge('reconcile_undecided', 'Differences that the last run could not settle in time.'),
      endedAt: gauge('reconcile_ended_timestamp_seconds', 'When the last run ended.', 'scope'),
      seconds: gauge('reconcile_duration_seconds', 'How long the last run took.', 'scope'),
    },
    alerts: counter('alerts_total', 'Alerts, by outcome: sent, failed, dropped, logged.', 'outcome'),
    stageUp: gauge('stage_up', '1 while the stage is ready.', 'stage'),
  };
}
