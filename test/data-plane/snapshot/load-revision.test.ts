import { expect, test } from 'vitest';
import { RevisionRejected } from '../../../data-plane/snapshot/config-source.js';
import { loadRevision } from '../../../data-plane/snapshot/load-revision.js';
import { SnapshotStore } from '../../../data-plane/snapshot/snapshot-store.js';
import { snapshotVerificationKey } from '../../../data-plane/snapshot/verify-manifest.js';
import { KEY_ACTIVE } from '../../../shared/access-document.js';
import type { CatalogDocument } from '../../../shared/snapshot.js';
import { ACCOUNT_ID, activeAccount, newKey, TestPublisher } from './test-publisher.js';

function openNode(publisher: TestPublisher, region = 'us') {
  let nowMs = 0;
  const store = new SnapshotStore(region, publisher.regionKey, () => nowMs);
  const key = snapshotVerificationKey(publisher.publicKey);
  const load = () => loadRevision(publisher, store.running, key, region);
  const pull = async () => {
    const loaded = await load();
    if (loaded) store.apply(loaded);
    return loaded !== undefined;
  };
  const advance = (ms: number) => {
    nowMs += ms;
  };
  return { store, load, pull, advance };
}

test('a published revision becomes a snapshot with its keys, prices and opened credentials', async () => {
  const publisher = new TestPublisher();
  const { record } = newKey(1);
  publisher.publishBase(7, publisher.catalog(), [record]);
  const node = openNode(publisher);
  await node.pull();

  const snapshot = node.store.current();
  expect(snapshot.revision).toBe(7);
  expect(snapshot.access.find(record.hash)).toMatchObject({ keyId: record.keyId, accountId: ACCOUNT_ID });
  expect(snapshot.modelsByName.get('alpha-latest')?.price.rates.output).toBe(4_000_000n);
  expect(snapshot.credentials.get('near')).toEqual([{ id: 'credential-1', secret: 'house-secret', weight: 1, owner: 'house' }]);
});

test('endpoints are placed by the region of the node', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const [us, sg] = [openNode(publisher, 'us'), openNode(publisher, 'sg')];
  await Promise.all([us.pull(), sg.pull()]);

  const ids = (node: typeof us, model: string) =>
    node.store
      .current()
      .endpointsByModel.get(model)
      ?.map(({ id }) => id) ?? [];
  expect(ids(us, 'alpha')).toEqual(['e1']);
  expect(
    us.store
      .current()
      .endpointsElsewhere.get('alpha')
      ?.map(({ id }) => id),
  ).toEqual(['e2']);
  expect(ids(us, 'vendor/beta')).toEqual([]);
  expect(ids(sg, 'alpha')).toEqual(['e1', 'e2']);
});

test('a credential that is not sealed for the region counts as absent', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const node = openNode(publisher, 'sg');
  await node.pull();
  expect(node.store.current().credentials.has('near')).toBe(false);
});

test('changes revoke, add and suspend on top of the base', async () => {
  const publisher = new TestPublisher();
  const [old, other] = [newKey(1), newKey(2)];
  publisher.publishBase(1, publisher.catalog(), [old.record, other.record]);
  const node = openNode(publisher);
  await node.pull();

  const added = newKey(3);
  const { hash: _hash, ...addedFacts } = added.record;
  publisher.publishChange({ revision: 2, keys: [{ hash: old.record.hash.toString('hex'), key: null }], accounts: [] });
  publisher.publishChange({ revision: 3, keys: [{ hash: added.record.hash.toString('hex'), key: addedFacts }], accounts: [] });
  await node.pull();
  const { access } = node.store.current();
  expect(access.find(old.record.hash)).toBeUndefined();
  expect(access.find(added.record.hash)).toMatchObject({ keyId: added.record.keyId, keyFlags: KEY_ACTIVE, accountFlags: 1 });

  publisher.publishChange({ revision: 4, keys: [], accounts: [{ ...activeAccount(), flags: 0 }] });
  await node.pull();
  expect(node.store.current().access.find(other.record.hash)?.accountFlags).toBe(0);
  expect(node.store.current().access.find(added.record.hash)?.accountFlags).toBe(0);
});

test('a node that missed changes, or started from none, reads the same keys', async () => {
  const publisher = new TestPublisher();
  const { record } = newKey(1);
  publisher.publishBase(1, publisher.catalog(), [record]);
  for (let revision = 2; revision <= 40; revision++) {
    const { hash, ...key } = newKey(revision).record;
    publisher.publishChange({ revision, keys: [{ hash: hash.toString('hex'), key }], accounts: [] });
  }
  const late = openNode(publisher);
  await late.pull();
  expect(late.store.revision).toBe(40);
  expect(late.store.running?.changes).toHaveLength(39);
});

test('a lower or equal revision is never applied, and a source that is behind or empty does not count as heard', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(5, publisher.catalog(), []);
  const node = openNode(publisher);
  await node.pull();
  expect(await node.pull()).toBe(false);
  publisher.publishBase(4, publisher.catalog(), []);
  await expect(node.pull()).rejects.toThrow(/behind/);
  publisher.newest = undefined;
  await expect(node.pull()).rejects.toThrow(/lost/);
  expect(node.store.revision).toBe(5);
});

test('a request keeps the snapshot that it began with', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const node = openNode(publisher);
  await node.pull();
  const before = node.store.current();
  publisher.publishBase(2, publisher.catalog({ models: [], endpoints: [] }), []);
  await node.pull();
  expect(before.models).toHaveLength(2);
  expect(node.store.current().models).toHaveLength(0);
});

test('a signature of somebody else is refused', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const node = openNode(publisher);
  await node.pull();
  const forger = new TestPublisher();
  publisher.newest = forger.publishBase(2, forger.catalog(), []);
  await expect(node.load()).rejects.toThrow(RevisionRejected);
  expect(node.store.revision).toBe(1);
});

test('a document that was altered on the way is refused', async () => {
  const publisher = new TestPublisher();
  const manifest = publisher.publishBase(1, publisher.catalog(), [newKey(1).record]);
  for (const { sha256 } of [manifest.catalog, manifest.accessBase]) {
    const bytes = publisher.documents.get(sha256) ?? Buffer.alloc(0);
    const flipped = Buffer.from(bytes);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    publisher.documents.set(sha256, flipped);
    await expect(openNode(publisher).load()).rejects.toThrow(/hash that was signed/);
    publisher.documents.set(sha256, bytes);
  }
});

test('a change that was left out, altered or reordered is refused', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  for (let revision = 2; revision <= 4; revision++) publisher.publishChange({ revision, keys: [], accounts: [activeAccount()] });
  const [first = '', second = '', third = ''] = publisher.changesOfBase;
  for (const wrong of [
    [first, third],
    [second, first, third],
    [first, second, third.replace('"flags":1', '"flags":3')],
  ]) {
    publisher.changesOfBase = wrong;
    await expect(openNode(publisher).load()).rejects.toThrow(/digest/);
  }
});

const broken: readonly (readonly [string, (catalog: CatalogDocument) => unknown])[] = [
  ['no document', () => null],
  ['a null where a vendor should be', (catalog) => ({ ...catalog, vendors: [null] })],
  ['an unknown protocol', (catalog) => ({ ...catalog, vendors: catalog.vendors.map((vendor) => ({ ...vendor, protocol: 'smtp' })) })],
  [
    'a negative price',
    (catalog) => ({
      ...catalog,
      models: catalog.models.map((row) => ({ ...row, price: { ...row.price, rates: { ...row.price.rates, output: '-1' } } })),
    }),
  ],
  ['an endpoint of no vendor', (catalog) => ({ ...catalog, vendors: [] })],
  [
    'a group of no model',
    (catalog) => ({
      ...catalog,
      groups: [
        {
          id: 'g',
          name: '',
          description: '',
          kind: 'code',
          enabled: true,
          tiers: { frontier: ['gone'], standard: [], value: [] },
          thresholds: { standard: 0, frontier: 1 },
          hedge: false,
        },
      ],
    }),
  ],
  ['too many groups', (catalog) => ({ ...catalog, groups: Array.from({ length: 20_001 }, () => ({})) })],
];

test.each(broken)('a signed catalogue with %s is refused, and the one before keeps serving', async (_what, alter) => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const node = openNode(publisher);
  await node.pull();
  publisher.publishBase(2, alter(publisher.catalog()), []);
  await expect(node.load()).rejects.toThrow(RevisionRejected);
  expect(node.store.current().revision).toBe(1);
});

test('without a configuration and after too long a silence a node says 503, never 401', async () => {
  const publisher = new TestPublisher();
  const node = openNode(publisher);
  expect(() => node.store.current()).toThrow(expect.objectContaining({ code: 'not_ready', status: 503 }));
  publisher.publishBase(1, publisher.catalog(), []);
  await node.pull();
  node.advance(299_999);
  expect(node.store.current().revision).toBe(1);
  node.advance(2);
  expect(() => node.store.current()).toThrow(expect.objectContaining({ code: 'service_unavailable', status: 503 }));
  node.store.heard();
  expect(node.store.current().revision).toBe(1);
});
