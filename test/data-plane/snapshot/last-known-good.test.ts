import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LastKnownGood } from '../../../data-plane/snapshot/last-known-good.js';
import { type LoadedRevision, loadRevision } from '../../../data-plane/snapshot/load-revision.js';
import { snapshotVerificationKey } from '../../../data-plane/snapshot/verify-manifest.js';
import { activeAccount, newKey, TestPublisher } from './test-publisher.js';

async function openDisk(publisher: TestPublisher, directory?: string) {
  const folder = directory ?? join(await mkdtemp(join(tmpdir(), 'modelapi-lkg-')), 'last-known-good');
  const failures: unknown[] = [];
  const disk = new LastKnownGood(folder, (error) => failures.push(error));
  const key = snapshotVerificationKey(publisher.publicKey);
  return {
    folder,
    disk,
    failures,
    load: () => loadRevision(disk, undefined, key, 'us'),
    receive: async (running?: LoadedRevision) => {
      const loaded = await loadRevision(publisher, running, key, 'us');
      if (!loaded) throw new Error('nothing new');
      disk.save(loaded);
      await disk.flush();
      return loaded;
    },
  };
}

test('a node restarts from what it last applied, changes included', async () => {
  const publisher = new TestPublisher();
  const { record } = newKey(1);
  publisher.publishBase(3, publisher.catalog(), [record]);
  publisher.publishChange({ revision: 4, keys: [{ hash: record.hash.toString('hex'), key: null }], accounts: [] });
  const { folder, receive, failures } = await openDisk(publisher);
  await receive();
  expect(failures).toEqual([]);

  const restarted = await (await openDisk(publisher, folder)).load();
  expect(restarted?.manifest.revision).toBe(4);
  expect(restarted?.access.find(record.hash)).toBeUndefined();
});

test('an empty disk is no revision, not an error', async () => {
  const { load } = await openDisk(new TestPublisher());
  expect(await load()).toBeUndefined();
});

test('documents of revisions that passed are removed', async () => {
  const publisher = new TestPublisher();
  const { folder, receive } = await openDisk(publisher);
  publisher.publishBase(1, publisher.catalog(), [newKey(1).record]);
  const first = await receive();
  publisher.publishBase(2, publisher.catalog({ endpoints: [] }), [newKey(2).record]);
  await receive(first);
  const documents = (await readdir(folder)).filter((name) => name.length === 64);
  expect(documents.sort()).toEqual([publisher.newest?.catalog.sha256, publisher.newest?.accessBase.sha256].sort());
});

test('any flipped byte in any file is noticed', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), [newKey(1).record]);
  publisher.publishChange({ revision: 2, keys: [], accounts: [activeAccount()] });
  const { folder, receive, load } = await openDisk(publisher);
  await receive();
  for (const name of (await readdir(folder)).filter((file) => file !== 'highest-revision')) {
    const good = await readFile(join(folder, name));
    for (const at of [0, Math.floor(good.length / 2), good.length - 1]) {
      const flipped = Buffer.from(good);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      await writeFile(join(folder, name), flipped);
      await expect(load(), `${name} at ${at}`).rejects.toThrow();
    }
    await writeFile(join(folder, name), good);
  }
  expect((await load())?.manifest.revision).toBe(2);
});

test('an older revision that was put back is refused', async () => {
  const publisher = new TestPublisher();
  publisher.publishBase(1, publisher.catalog(), []);
  const { folder, receive, load } = await openDisk(publisher);
  const first = await receive();
  const old = await readFile(join(folder, 'revision.json'));
  publisher.publishChange({ revision: 2, keys: [], accounts: [activeAccount()] });
  await receive(first);
  await writeFile(join(folder, 'revision.json'), old);
  await expect(load()).rejects.toThrow(/applied here/);
});
