import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../packages/cache.js';
import type { Program } from '../packages/program.js';
import { probeMysql } from '../probes.js';
import type { Step } from '../server.js';
import { copyTemplate } from './copy-template.js';
import { run } from './leash.js';
import type { PreparedServer } from './native-server.js';

/** What unstale needs of its server. ROW is the default format, and naming it is deprecated. */
const REPLICATION = [
  '--log-bin=binlog',
  '--server-id=1',
  '--binlog-row-image=FULL',
  '--binlog-row-metadata=FULL',
  '--gtid-mode=ON',
  '--enforce-gtid-consistency=ON',
  '--binlog-expire-logs-seconds=86400',
];

/** Small, and quick rather than safe from a power cut. A killed server still loses nothing. */
const SIZE = [
  '--innodb-buffer-pool-size=512M',
  '--innodb-redo-log-capacity=256M',
  '--innodb-flush-log-at-trx-commit=2',
  '--sync-binlog=0',
  '--max-connections=500',
];

/** Relative to the data folder: a socket's path must not exceed 107 bytes, but a checkout's may. */
const LOCAL_ONLY = [
  '--bind-address=127.0.0.1',
  '--mysqlx=OFF',
  '--skip-name-resolve',
  '--socket=mysql.sock',
  '--pid-file=mysqld.pid',
  '--secure-file-priv=NULL',
];

/** The server creates root@localhost, which without name resolution no TCP connection matches. */
const INIT_SQL = "RENAME USER 'root'@'localhost' TO 'root'@'%';\n";

/** A smaller redo log makes the template quicker to copy; the server enlarges it when it starts. */
const INIT_ARGS = ['--initialize-insecure', '--skip-log-bin', '--innodb-redo-log-capacity=8M'];

/** Counted up with every change of the two constants above, so that no older template is used. */
const TEMPLATE_REVISION = 1;

export async function prepareMysql(program: Program, dataDir: string, step: Step): Promise<PreparedServer> {
  const template = await cached(`mysql-data-${program.version}-r${TEMPLATE_REVISION}`, (folder) => {
    step.report('creating a database to copy');
    return createTemplate(program, folder, step.signal);
  });
  await copyTemplate(path.join(template, 'data'), dataDir, step.signal);
  const args = [...baseArgs(program), `--datadir=${dataDir}`, ...LOCAL_ONLY, ...REPLICATION, ...SIZE];
  return {
    title: `MySQL ${program.version}`,
    portCount: 1,
    launch: ([port]) => ({ file: program.file, args: [...args, `--port=${port ?? 0}`] }),
    probe: probeMysql,
  };
}

/** `--no-defaults` must come first: the machine's own my.cnf is not for this server. */
function baseArgs({ root }: Program): string[] {
  const args = ['--no-defaults'];
  if (process.getuid?.() === 0) args.push('--user=root');
  if (root !== undefined) {
    const usr = path.join(root, 'usr');
    args.push(
      `--basedir=${usr}`,
      `--lc-messages-dir=${usr}/share/mysql`,
      `--plugin-dir=${usr}/lib/mysql/plugin`,
    );
  }
  return args;
}

async function createTemplate(program: Program, folder: string, signal: AbortSignal): Promise<void> {
  const initFile = path.join(folder, 'init.sql');
  const data = path.join(folder, 'data');
  await writeFile(initFile, INIT_SQL);
  const args = [...baseArgs(program), ...INIT_ARGS, `--datadir=${data}`, `--init-file=${initFile}`];
  await run({ file: program.file, args }, { signal });
  // Each copy is to give itself a server_uuid of its own.
  await rm(path.join(data, 'auto.cnf'));
}
