import mysql from 'mysql2/promise';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTableReader } from '../src/clients/table-reader.js';
const url='mysql://root@127.0.0.1:29674';
const c = await mysql.createConnection({uri:url});
const log = { debug: (o: any, m: string) => console.log('LOG', m, o.err?.message, o.err?.fatal, o.err?.code) } as any;
const r = openTableReader({url, log});
const q = () => Promise.all([1,2,3,4,5,6].map(()=>r.estimateRows({db:'x',table:'big'})));
const kill = async () => { const [rows] = await c.query("SELECT ID id FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER='root'") as any; for (const {id} of rows) await c.query(`KILL ${id}`); return rows.length; };
console.log(await q());
console.log('killed', await kill()); console.log(await q());
console.log('killed', await kill()); await sleep(300); console.log(await q());
// kill while running
const p = Promise.allSettled([q(), q()]); await kill(); console.log(JSON.stringify(await p).slice(0,300));
await c.query('SET GLOBAL wait_timeout=1'); await kill(); console.log(await q()); await sleep(1500); console.log(await q()); await c.query('SET GLOBAL wait_timeout=28800');
await r.close(); await c.end();
