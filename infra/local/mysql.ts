import { rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { cached } from './cache.js';
import { copyTemplate } from './copy-template.js';
import { run } from './leash.js';
import type { PreparedServer } from './native-server.js';
import { probeMysql } from './probes.js';
import type { Program } from './program.js';

/** What unstale asks of a MySQL server (ROW is the only other format that 8.4 and later allow by default). */
const replication = [
  '--log-bin=binlog',
  '--server-id=1',
  '--binlog-format=ROW',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-expire-logs-seconds=86400',
];

/** Small, and quick rather than safe from a power cut: a killed server still loses nothing. */
const size = [
  '--innodb-buffer-pool-size=512M',
  '--innodb-redo-log-capacity=256M',
  '--innodb-flush-log-at-trx-commit=2',
  '--sync-binlog=0',
  '--max-connections=500',
];

/** Relative to the data folder: a socket's path must not exceed 107 bytes, a checkout's may. */
const localOnly = [
  '--bind-address=127.0.0.1',
  '--mysqlx=OFF',
  '--skip-name-resolve',
  '--socket=mysql.sock',
  '--pid-file=mysqld.pid',
  '--secure-file-priv=NULL',
];

/** The server makes root@localhost, which without name resolution no TCP connection matches. */
const INIT_SQL = "RENAME USER 'root'@'localhost' TO 'root'@'%';\n";

/** A smaller redo log makes the template quicker to copy; the server enlarges it when it starts. */
const TEMPLATE_ARGS = ['--initialize-insecure', '--skip-log-bin', '--innodb-redo-log-capacity=8M'];

/** Counted up when the two constants above change, so that older templates are not used. */
const TEMPLATE_REVISION = 1;

export async function prepareMysql(
  program: Program,
  dataDir: string,
  report: (message: string) => void,
): Promise<PreparedServer> {
  const base = baseArgs(program);
  const template = await cached(`mysql-data-${program.version}-r${TEMPLATE_REVISION}`, (folder) => {
    report('creating a database');
    return createTemplate(program, base, folder);
  });
  await copyTemplate(path.join(template, 'data'), dataDir);
  return {
    title: `MySQL ${program.version}`,
    portCount: 1,
    launch: ([port]) => ({
      file: program.file,
      args: [...base, `--datadir=${dataDir}`, `--port=${port ?? 0}`, ...localOnly, ...replication, ...size],
    }),
    probe: probeMysql,
  };
}

/** `--no-defaults` must come first: the machine's own my.cnf is not for this server. */
function baseArgs({ root }: Program): string[] {
  const args = ['--no-defaults'];
  if (userInfo().uid === 0) args.push('--user=root');
  if (root !== undefined) {
    const usr = path.join(root, 'usr');
    args.push(`--basedir=${usr}`, `--lc-messages-dir=${usr}/share/mysql`, `--plugin-dir=${usr}/lib/mysql/plugin`);
  }
  return args;
}

async function createTemplate(program: Program, base: readonly string[], folder: string): Promise<void> {
  const initFile = path.join(folder, 'init.sql');
  const data = path.join(folder, 'data');
  await writeFile(initFile, INIT_SQL);
  await run(program.file, [...base, ...TEMPLATE_ARGS, `--datadir=${data}`, `--init-file=${initFile}`]);
  // Each copy gets a server_uuid of its own.
  await rm(path.join(data, 'auto.cnf'));
}
