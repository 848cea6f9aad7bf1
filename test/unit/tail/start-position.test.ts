import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../../src/domain/checkpoint.js';
import type { ServerFacts } from '../../../src/tail/server-check.js';
import { type StartEvidence, decideStart } from '../../../src/tail/start-position.js';

const facts: ServerFacts = {
  version: '9.7.4',
  uuid: 'server-1',
  serverId: 1,
  logBin: true,
  format: 'ROW',
  rowImage: 'FULL',
  rowMetadata: 'FULL',
  transactionCompression: false,
  partialJson: false,
  gtid: true,
  gtidExecuted: 'server-1:1-50',
  file: 'binlog.000003',
  offset: 500,
};
const checkpoint: Checkpoint = {
  position: { kind: 'gtid', gtidSet: 'server-1:1-40', file: 'binlog.000003', offset: 400 },
  epoch: 3,
  currentAtMs: 0,
};
const first: StartEvidence = {
  checkpoint: undefined,
  hasHistory: false,
  facts,
  relation: undefined,
  reset: false,
};

describe('where a tail begins', () => {
  test('a first start begins at the present end, by GTID', () => {
    expect(decideStart(first)).toEqual({
      kind: 'gtid',
      gtidSet: 'server-1:1-50',
      file: 'binlog.000003',
      offset: 500,
    });
  });

  test('a first start on a server without GTID begins at its file and offset', () => {
    const position = decideStart({ ...first, facts: { ...facts, gtid: false } });
    expect(position).toEqual({ kind: 'file', serverUuid: 'server-1', file: 'binlog.000003', offset: 500 });
  });

  test('a checkpoint that the server still has is gone on from', () => {
    expect(decideStart({ ...first, hasHistory: true, checkpoint, relation: 'available' })).toEqual(
      checkpoint.position,
    );
  });

  test('messages without a checkpoint are a lost position, not a first start', () => {
    expect(() => decideStart({ ...first, hasHistory: true })).toThrow('there is no checkpoint');
  });

  test.each(['purged', 'ahead', 'foreign'] as const)('a position that is %s is lost', (relation) => {
    expect(() => decideStart({ ...first, checkpoint, relation })).toThrow('The binlog position is lost');
  });

  test('a position that the operator gives up is replaced by the present end', () => {
    const position = decideStart({ ...first, checkpoint, relation: 'purged', reset: true });
    expect(position).toMatchObject({ gtidSet: 'server-1:1-50' });
  });
});
