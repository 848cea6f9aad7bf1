import { startServers } from './servers.js';
for (const only of [['mysql'],['kafka'],['cache'],['mysql','kafka','cache','queue']] as const) for (const fresh of [true,true,false,false]) {
  const t=performance.now(); const s=await startServers({set:'bench-x',fresh,only,progress:'quiet'}); const u=performance.now(); await s.stop(); console.log(only.join(), fresh?'fresh':'kept', Math.round(u-t),'ms start', Math.round(performance.now()-u),'ms stop');
}
