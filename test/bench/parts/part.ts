/** What parts are given. */
import type { Redis } from 'ioredis';
import type { Admin, Kafka } from 'kafkajs';
import type { Connection } from 'mysql2/promise';
import type { ServerAddresses } from '../../../infra/local/addresses.js';
import type { Deployment } from '../deployment.js';
import type { Progress } from '../progress.js';
import type { WorkloadSize } from '../workload.js';

export interface Bench {
  readonly addresses: ServerAddresses;
  readonly mysql: Connection;
  readonly cache: Redis;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly size: WorkloadSize;
  readonly deploy: (name: string) => Deployment;
  /** For configuration files and logs. */
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Waits until the machine is quiet, runs, and adds what others did meanwhile. */
  readonly measure: <Result>(work: () => Promise<Result>) => Promise<Result & { othersShare: number }>;
}
