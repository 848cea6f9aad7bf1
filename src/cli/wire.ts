/**
 * Builds the clients and joins the stages; with the `wire-` files beside it, the one place that knows them all.
 * In: the configuration and which stages to run. Out: a running pipeline that stops in reverse order.
 */
import { type Parts, type PipelineOptions, buildParts } from './parts.js';
import { createResources } from './resources.js';
import { prepareSettleGroups, startInvalidating, startSettling } from './wire-consumers.js';
import { openDeletion, startRetry } from './wire-deletion.js';
import { startReconciling } from './wire-reconcile.js';
import { startTailing } from './wire-tail.js';

export interface Pipeline {
  stop(): Promise<void>;
}

/** @throws UnstaleError when something refuses for good; waits, with a log line, for what is only not there yet */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { log } = options;
  const resources = createResources((error) => {
    log.warn({ err: error }, 'something did not close cleanly');
  });
  try {
    await startStages(await buildParts(options, resources));
  } catch (error) {
    await resources.closeAll();
    throw error;
  }
  return { stop: () => resources.closeAll() };
}

async function startStages(parts: Parts): Promise<void> {
  const { stages } = parts;
  if (stages.has('invalidate') || stages.has('settle') || stages.has('retry') || stages.has('reconcile')) {
    const deletion = await openDeletion(parts);
    if (stages.has('retry')) startRetry(parts, deletion);
    if (stages.has('settle')) await prepareSettleGroups(parts);
    if (stages.has('invalidate')) await startInvalidating(parts, deletion);
    if (stages.has('settle')) await startSettling(parts, deletion);
    if (stages.has('reconcile')) await startReconciling(parts, deletion);
  }
  if (stages.has('tail')) await startTailing(parts);
}
