/**
 * The loop that reconcile replaces, as plain as it was: for each row one SELECT, then one GET, the next row after that.
 * Nothing of it is under way at the same time. The SELECT is prepared, which is the quickest for it.
 */
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { answer } from '../child.js';
import { stockKeyOf } from '../reconcile-table.js';
import { loopScript } from '../scripts.js';

await answer(loopScript, async ({ mysqlUrl, cacheUrl, rows }) => {
  const mysql = await createConnection({ uri: mysqlUrl });
  const cache = new Redis(cacheUrl);
  const isEqual = async (id: number): Promise<boolean> => {
    const select = 'SELECT stock FROM reconcile.products WHERE id = ?';
    const [[row]] = await mysql.execute<({ readonly stock: number } & RowDataPacket)[]>(select, [id]);
    const held = await cache.get(stockKeyOf(id));
    return row !== undefined && held === String(row.stock);
  };
  try {
    await isEqual(1); // both are connected now, and the statement is prepared
    const startedMs = performance.now();
    let equal = 0;
    for (let id = 1; id <= rows; id += 1) if (await isEqual(id)) equal += 1;
    const seconds = (performance.now() - startedMs) / 1000;
    if (equal !== rows) throw new Error(`Of ${rows} rows only ${equal} are cached as they are.`);
    return { rowsPerSecond: rows / seconds };
  } finally {
    cache.disconnect();
    await mysql.end();
  }
});
