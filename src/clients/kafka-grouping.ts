interface GroupingInput<Message> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly Message[];
  readonly partitioner: (about: {
    topic: string;
    partitionMetadata: readonly unknown[];
    message: Message;
  }) => number;
}

/** The same as kafkajs 2.2.4's own, which copies a partition's whole list for each message that it adds. */
export function groupMessagesPerPartition<Message>({
  topic,
  partitionMetadata,
  messages,
  partitioner,
}: GroupingInput<Message>): Record<number, Message[]> {
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    (groups[partitioner({ topic, partitionMetadata, message })] ??= []).push(message);
  }
  return groups;
}
