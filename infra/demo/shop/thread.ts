import { connectRedis, connectShop } from '../clients.js';
import { threadSide } from '../thread.js';
import { shopThread } from '../threads.js';
import { openShop } from './shop.js';

const connectionsMax = 12;
const reportEveryMs = 200;

const { data, send, onStop } = threadSide(shopThread);
const mysql = connectShop(data.mysqlUrl, connectionsMax);
const cache = connectRedis(data.cacheUrl);
const shop = await openShop({ mysql, cache, writesPerSecond: data.writesPerSecond, readers: data.readers });
const report = setInterval(() => {
  send({ ...shop.counters });
}, reportEveryMs);
onStop(shop.stop);

await shop.closed;
clearInterval(report);
send({ ...shop.counters });
await Promise.all([mysql.end(), cache.quit()]);
