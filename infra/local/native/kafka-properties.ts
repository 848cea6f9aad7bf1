/** One node that is broker and controller, with one replica of everything. */
export function brokerProperties(dataDir: string, [port = 0, controllerPort = 0]: readonly number[]): string {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    // In this format a backslash begins an escape.
    'log.dirs': dataDir.replaceAll('\\', '\\\\'),
    'auto.create.topics.enable': false,
    'num.partitions': 4,
    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    // A first consumer does not wait for others that may join.
    'group.initial.rebalance.delay.ms': 0,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
