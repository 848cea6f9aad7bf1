import type { Config } from '../config/schema.js';

export const deadLetterTopicOf = (config: Config): string => `${config.kafka.topic}.dead`;
/** As health and metrics name it. */
export const settleStage = (index: number): string => `settle-${index + 1}`;
/** Named by index, so that editing a delay keeps the group's offsets. */
export const settleGroupOf = (config: Config, index: number): string =>
  `${config.kafka.consumer.groupId}-${settleStage(index)}`;
