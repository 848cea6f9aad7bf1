/**
 * What other programs did with the same workload on the same kind of machine (2 cores, all servers on them), measured
 * separately, on 2026-11-21: MySQL 9.7.4, Kafka 4.1.1, one broker, 300,000 rows in transactions of 100. Medians.
 */

/** Debezium 3.6.1, tuned for throughput. */
export const debeziumRowsPerSecond = 32_106;

/** go-mysql canal 1.13.0 with franz-go 1.22.2, a short Go program: the fastest of all that were measured. */
export const fastestPeerRowsPerSecond = 161_232;
