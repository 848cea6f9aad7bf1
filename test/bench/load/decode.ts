/** zongji alone: decodes the backlog and counts its rows. */
import ZongJi from '@vlasky/zongji';
import { answer } from '../child.js';
import { createRateMeter } from '../rate.js';
import { decodeScript } from '../scripts.js';

await answer(decodeScript, async ({ mysqlUrl, serverId, file, offset, rows }) => {
  const zongji = new ZongJi({ uri: mysqlUrl, dateStrings: true });
  const meter = createRateMeter();
  let decoded = 0;
  try {
    await new Promise<void>((resolve, reject) => {
      zongji.on('error', reject);
      zongji.on('binlog', (event: unknown) => {
        decoded += rowsOf(event);
        meter.seen(decoded, performance.now());
        if (decoded >= rows) resolve();
      });
      zongji.start({ serverId, filename: file, position: offset, includeEvents: ['tablemap', 'updaterows'] });
    });
  } finally {
    zongji.stop();
  }
  return { rowsPerSecond: meter.perSecond() };
});

function rowsOf(event: unknown): number {
  const { rows } = event as { readonly rows?: readonly unknown[] };
  return rows?.length ?? 0;
}
