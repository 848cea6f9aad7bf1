import type { Deployment } from '../deployment.js';

/**
 * A first start follows the server from its present end. So a tail that is to find a backlog is started and stopped
 * before there is one: then its checkpoint lies before the backlog.
 */
export async function leaveCheckpoint(deployment: Deployment): Promise<void> {
  const tail = await deployment.start(['tail']);
  await tail.stop();
}
