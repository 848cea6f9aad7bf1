import { connectRedis, connectShop } from '../clients.js';
import { threadSide } from '../thread.js';
import { probeThread } from '../threads.js';
import { startProbe } from './probe.js';

const connectionsMax = 4;
const reportEveryMs = 200;

const { data, send, onStop } = threadSide(probeThread);
const mysql = connectShop(data.mysqlUrl, connectionsMax);
const cache = connectRedis(data.cacheUrl);
let results: (number | undefined)[] = [];
const sendResults = (): void => {
  send(results);
  results = [];
};
const probe = await startProbe({
  mysql,
  cache,
  probesPerSecond: data.probesPerSecond,
  onResult: (latencyMs) => results.push(latencyMs),
});
const report = setInterval(sendResults, reportEveryMs);
onStop(probe.stop);

await probe.closed;
clearInterval(report);
sendResults();
await Promise.all([mysql.end(), cache.quit()]);
