/** Joins one reconcile run with its servers. */
import { openMysqlSession } from '../clients/mysql.js';
import { demandReplicaHas, replicaLagMs } from '../clients/replica.js';
import { createUnchangedDeletion } from '../invalidate/deletion.js';
import { checkTable } from '../mapping/check.js';
import { createKeyMatcher } from '../mapping/key-matcher.js';
import { tableText } from '../mapping/table-mapping.js';
import type { TableSchema } from '../mapping/table-schema.js';
import { partitionOf } from '../publish/partition.js';
import type { BrakeOptions } from '../reconcile/brake.js';
import { createChecks } from '../reconcile/checks.js';
import type { DriftNotice } from '../reconcile/conclusions.js';
import type { CacheReader } from '../reconcile/effects.js';
import { type LoadedChecks, type Reconciler, createReconciler } from '../reconcile/reconciler.js';
import type { Report } from '../reconcile/report.js';
import type { Parts } from './parts.js';
import { type Patience, createPatience, patient } from './patience.js';
import { createPipelineView } from './pipeline-view.js';
import { readRecent, searchHistory } from './topic-search.js';
import type { Deletion } from './wire-deletion.js';
import type { ReconcileClients } from './reconcile-clients.js';

/** One run's view of the servers: it waits for those that are away, and counts how long. */
export interface Run {
  readonly reconciler: Reconciler;
  close(): Promise<void>;
}

export function createRun(
  parts: Parts,
  deletion: Deletion,
  clients: ReconcileClients,
  signal: AbortSignal,
): Run {
  const { config, mapping, kafka } = parts;
  const { reconcile } = config;
  const patience = patienceOf(parts, signal);
  const tables = patient(clients.tables, patience);
  const cache = patient(clients.cache, patience);
  const view = createPipelineView({ config, kafka, mapping, source: tables, queue: deletion.queueClient });
  const reconciler = createReconciler({
    name: config.name,
    tables,
    cache,
    scanned: clients.scanned === clients.tables ? tables : patient(clients.scanned, patience),
    pipeline: patient(view, patience),
    async loadChecks(only) {
      const loaded = await patience.of(() => loadChecks(parts, only));
      const { readFrom } = reconcile;
      if (readFrom !== undefined) {
        const position = await tables.executed();
        await patience.of(() => demandReplicaHas(readFrom, position));
      }
      return loaded;
    },
    // Twice the interval: at one pass a change may still be under way, and a pass may be late.
    recentSuspects: (checks) =>
      patience.of(() =>
        readRecent(
          { kafka, topic: config.kafka.topic, sinceMs: 2 * (reconcile.recentEveryMs ?? 0), mapping },
          checks,
        ),
      ),
    searchHistory: (found) => searchHistory(found, { kafka, topic: config.kafka.topic, mapping }),
    deleteUnchanged: createUnchangedDeletion(deletion.cache),
    queueRetry: (failed) => patience.of(() => deletion.queue.add(failed, 'reconcile')),
    announce: (notices) => patience.of(() => announce(notices, parts)),
    isOurs: createKeyMatcher(config.tables, config.redis),
    limit: reconcile.maxRepairs,
    show: reconcile.show,
    chunk: reconcile.chunk,
    confirmAfterMs: reconcile.confirmAfterMs,
    brake: brakeOf(reconcile, clients.cache, patience),
    outageMs: () => patience.waitedMs(),
    nowMs: () => Date.now(),
  });
  return { reconciler, close: () => view.close() };
}

/** Waits are shown by health, and logged once for each reason. */
function patienceOf({ config, health, log }: Parts, signal: AbortSignal): Patience {
  let waitsFor = '';
  return createPatience({
    waitMaxMs: config.reconcile.waitMaxMs,
    signal,
    onWait: (error) => {
      health.stage('reconcile').waiting(error.message);
      if (error.message !== waitsFor) log.warn({ err: error }, 'the reconcile run waits for a server');
      waitsFor = error.message;
    },
    onOver: () => {
      health.stage('reconcile').ready('compares MySQL and Redis');
      waitsFor = '';
    },
  });
}

function brakeOf(
  { readFrom, ...limits }: Parts['config']['reconcile'],
  cache: CacheReader,
  patience: Patience,
): Omit<BrakeOptions, 'nowMs'> {
  return {
    rowsPerSecondMax: limits.maxRowsPerSecond,
    opsPerSecondMax: limits.maxOpsPerSecond,
    replicaLagMsMax: limits.maxReplicaLagMs,
    redisLatencyMsMax: limits.maxRedisLatencyMs,
    pauseMsMax: limits.waitMaxMs,
    replicaLagMs: () =>
      readFrom === undefined ? Promise.resolve(undefined) : patience.of(() => replicaLagMs(readFrom)),
    redisLatencyMs: () =>
      patience.of(async () => {
        const nodes = await cache.nodes();
        return Math.max(0, ...(await Promise.all(nodes.map((node) => node.latencyMs()))));
      }),
  };
}

/** Schemas are read anew for each run: tables come, go and change. */
async function loadChecks({ config, mapping }: Parts, only: readonly string[]): Promise<LoadedChecks> {
  const session = await openMysqlSession({ url: config.mysql.url });
  try {
    // Those that are not asked for, too: they may feed the same keys.
    const schemas = await session.schemas((db, table) => mapping.planFor({ db, table }) !== undefined);
    const isWanted = ({ table }: TableSchema): boolean =>
      only.length === 0 || only.includes(tableText(table));
    const problems = new Map(schemas.map((schema) => [schema, problemsOf(schema, mapping)]));
    const skipped = schemas.flatMap((schema) => (isWanted(schema) ? (problems.get(schema) ?? []) : []));
    const isUsable = (schema: TableSchema): boolean => problems.get(schema)?.length === 0;
    const { keyPrefix } = config.redis;
    const checks = createChecks(mapping, schemas, { keyPrefix, isUsable, isWanted });
    const unread = checks.tables
      .filter(({ compared }) => compared.length === 0)
      .map(({ schema }) => ({
        what: `rows of ${tableText(schema.table)}`,
        why: 'none of its templates has a value that could be compared',
      }));
    return { checks, skipped: [...skipped, ...unread] };
  } finally {
    await session.close();
  }
}

function problemsOf(schema: TableSchema, mapping: Parts['mapping']): Report['skipped'] {
  const plan = mapping.planFor(schema.table);
  if (plan === undefined) return [];
  const { problems } = checkTable(plan, schema);
  return problems.length === 0 ? [] : [{ what: tableText(schema.table), why: problems.join('; ') }];
}

/** One message for each drifted value, under its row's key. */
async function announce(notices: readonly DriftNotice[], { config, sideline }: Parts): Promise<void> {
  const messages = notices.map((notice) => {
    const key = notice.rowKey === '' ? null : Buffer.from(notice.rowKey);
    const partition = key === null ? 0 : partitionOf(key, config.kafka.partitions);
    return { key, partition, value: Buffer.from(JSON.stringify({ ...notice, name: config.name })) };
  });
  for (let from = 0; from < messages.length; from += NOTICES_AT_A_TIME) {
    await sideline.send(config.reconcile.topic, messages.slice(from, from + NOTICES_AT_A_TIME));
  }
}

/** Each has up to 20 KB of values, and the broker takes 1 MB at a time by default. */
const NOTICES_AT_A_TIME = 40;
