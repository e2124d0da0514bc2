import { expect, test } from 'vitest';
import { Fleet } from '../../control-plane/modules/fleet/fleet.js';
import { parseStatus } from '../../control-plane/modules/fleet/parse-status.js';
import { NODE_LIVE_MS, type NodeStatus } from '../../shared/node-status.js';

const status = (nodeId: string, change: Partial<NodeStatus> = {}): NodeStatus => ({
  nodeId,
  region: 'us',
  epoch: 1,
  version: '1',
  url: 'http://localhost',
  startedAtMs: 1,
  reportedAtMs: 1_000_000,
  ready: true,
  draining: false,
  appliedRevision: 1,
  appliedFrom: 'redis',
  rejected: null,
  silenceMs: 0,
  openRequests: 0,
  spool: { unacknowledged: 0, bytes: 0 },
  endpoints: [],
  ...change,
});

test('a node is live while it is heard, by our clock and not by its own', () => {
  let now = 1_000_000;
  const fleet = new Fleet(() => now);
  fleet.observe(status('fast-clock', { reportedAtMs: now + 600_000 }));
  fleet.observe(status('slow-clock', { reportedAtMs: now }));
  now += 5_000;
  fleet.observe(status('slow-clock', { reportedAtMs: now - 600_000 }));
  now += NODE_LIVE_MS - 1_000;
  expect(fleet.live().map((node) => node.nodeId)).toEqual(['slow-clock']);
});

test('what comes late or twice does not replace what is newer', () => {
  const fleet = new Fleet(() => 1_000_000);
  fleet.observe(status('n', { epoch: 2, appliedRevision: 9 }));
  fleet.observe(status('n', { epoch: 1, appliedRevision: 3, reportedAtMs: 2_000_000 }));
  fleet.observe(status('n', { epoch: 2, appliedRevision: 8, reportedAtMs: 999_000 }));
  expect(fleet.live()[0]?.appliedRevision).toBe(9);
});

test('a node that applied an older revision, or refused this one, has not acknowledged', async () => {
  const fleet = new Fleet(() => 1_000_000);
  fleet.observe(status('good', { appliedRevision: 5 }));
  fleet.observe(status('old', { appliedRevision: 4, rejected: { revision: 5, reason: 'bad signature' } }));
  expect(await fleet.acknowledgementsOf(5, 0)).toEqual({ acknowledged: 1, nodes: 2 });
  expect(await fleet.acknowledgementsOf(4, 0)).toEqual({ acknowledged: 2, nodes: 2 });
});

test('waiting ends with the last acknowledgement', async () => {
  const fleet = new Fleet();
  const now = Date.now();
  fleet.observe(status('a', { reportedAtMs: now, appliedRevision: 4 }));
  const waiting = fleet.acknowledgementsOf(5, 60_000);
  fleet.observe(status('a', { reportedAtMs: now + 1, appliedRevision: 5 }));
  expect(await waiting).toEqual({ acknowledged: 1, nodes: 1 });
});

test('only a status is taken for one', () => {
  expect(parseStatus(status('n'))).toBeDefined();
  for (const wrong of [
    null,
    {},
    { ...status('n'), nodeId: 'a b' },
    { ...status('n'), appliedRevision: -1 },
    { ...status('n'), endpoints: [null] },
  ])
    expect(parseStatus(wrong)).toBeUndefined();
});
