/** What a source tells about itself before its binlog is read. */
export interface ServerFacts {
  readonly version: string;
  readonly uuid: string;
  readonly serverId: number;
  readonly logBin: boolean;
  readonly format: string;
  readonly rowImage: string;
  readonly rowMetadata: string;
  readonly transactionCompression: boolean;
  readonly partialJson: boolean;
  /** Whether gtid_mode is ON, so that positions hold on every server of the topology. */
  readonly gtid: boolean;
  readonly gtidExecuted: string;
  readonly file: string;
  readonly offset: number;
}

/** What keeps this server from being tailed without loss, each with the statement that mends it. */
export function checkServer(facts: ServerFacts): string[] {
  const problems: string[] = [];
  const demand = (holds: boolean, what: string, mend: string): void => {
    if (!holds) problems.push(`${what}. Mend it: ${mend}`);
  };
  demand(facts.logBin, 'The binary log is off', 'start mysqld with --log-bin, in my.cnf: log_bin = binlog');
  demand(
    facts.format === 'ROW',
    `binlog_format is ${facts.format}, not ROW`,
    'SET PERSIST binlog_format = ROW;',
  );
  demand(
    facts.rowImage === 'FULL',
    `binlog_row_image is ${facts.rowImage}, not FULL, so that old keys would be missed`,
    'SET PERSIST binlog_row_image = FULL;',
  );
  demand(
    facts.rowMetadata === 'FULL',
    `binlog_row_metadata is ${facts.rowMetadata}, not FULL, so that columns could be taken for others`,
    'SET PERSIST binlog_row_metadata = FULL;',
  );
  demand(
    !facts.transactionCompression,
    'binlog_transaction_compression is ON, and such transactions cannot be decoded',
    'SET PERSIST binlog_transaction_compression = OFF;',
  );
  demand(
    !facts.partialJson,
    'binlog_row_value_options holds PARTIAL_JSON, and such updates cannot be decoded',
    "SET PERSIST binlog_row_value_options = '';",
  );
  return problems;
}
