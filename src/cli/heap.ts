/**
 * V8 by itself collects old objects once the heap has grown to up to four times what is alive. A reconcile run over a
 * large table gets there, one over a small table does not, though both keep the same alive. Told to collect earlier,
 * the command takes the same memory for every table, for a little more CPU time. It has to be told before the rest is
 * loaded, since each collection decides when the next is due; `unstale run` is not told, for it would cost the tail.
 */
import { setFlagsFromString } from 'node:v8';

const growthPercentMax = 60;

if (process.argv[2] === 'reconcile') setFlagsFromString(`--heap-growing-percent=${growthPercentMax}`);
