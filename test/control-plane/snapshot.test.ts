import { createHash, createPublicKey, verify } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createControlPlane } from '../../control-plane/app.js';
import { AccessBase, type AccessChange, KEY_ACTIVE, nextChangeDigest } from '../../shared/access-document.js';
import { hashApiKey } from '../../shared/api-key.js';
import { generateRegionKey } from '../../shared/sealed.js';
import { type CatalogDocument, type Manifest, signedManifestText } from '../../shared/snapshot.js';
import { type ControlPlaneFixture, eventually, type Person, startControlPlane, testConfig } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
let operator: Person;
beforeAll(async () => {
  control = await startControlPlane();
  operator = await control.registerOperator();
  await eventually(() => publishedAt(1));
});

/** The published manifest, once its revision is at least this. */
async function publishedAt(revision: number): Promise<Manifest | undefined> {
  const response = await control.internal('/internal/snapshot/manifest');
  if (response.status !== 200) return undefined;
  const manifest = (await response.json()) as Manifest;
  return manifest.revision >= revision ? manifest : undefined;
}

async function currentRevision(): Promise<number> {
  const { rows } = await control.database.pool.query('SELECT revision FROM config_revision');
  return Number(rows[0].revision);
}

const newest = async () => {
  const revision = await currentRevision();
  return eventually(() => publishedAt(revision));
};

async function documentOf(sha256: string): Promise<Buffer> {
  const response = await control.internal(`/internal/snapshot/documents/${sha256}`);
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function changesOf(manifest: Manifest): Promise<string[]> {
  const response = await control.internal(`/internal/snapshot/changes?base=${manifest.accessBase.sha256}&after=0`);
  return (await response.text()).split('\n').filter((line) => line !== '');
}

const CREATE_KEY = 'mutation { createApiKey(input: { name: "k", limits: { requestsPerMinute: 7 } }) { key apiKey { id } } }';
interface Created {
  readonly createApiKey: { readonly key: string; readonly apiKey: { readonly id: string } };
}

const VENDOR =
  'mutation ($id: ID!) { saveVendor(input: { id: $id, name: "Acme", protocol: "openai", baseUrl: "https://api.acme.test/v1" }) { id } }';
const MODEL = `mutation ($id: ID!, $capabilities: JSON!, $price: PriceInput) {
  saveModel(input: { id: $id, name: "M", ownedBy: "acme", contextTokens: 1000, maxOutputTokens: 100, tier: "value", capabilities: $capabilities, price: $price }) { id }
}`;
const CAPABILITIES = Object.fromEntries(
  [
    'tools',
    'parallelTools',
    'imageInput',
    'audioInput',
    'fileInput',
    'jsonObject',
    'jsonSchema',
    'reasoning',
    'logprobs',
    'multipleChoices',
    'temperature',
    'promptCache',
  ].map((name) => [name, true]),
);
const RATES = { inputUncached: '0.5', cacheRead: '0.05', cacheWrite5m: '0.5', cacheWrite1h: '0.5', output: '2' };

describe('what is published', () => {
  test('is signed, and its documents have the bytes that the manifest names', async () => {
    await control.must(VENDOR, { id: 'acme' }, operator.token);
    await control.must(MODEL, { id: 'acme-1', capabilities: CAPABILITIES, price: { rates: RATES } }, operator.token);
    const manifest = await newest();
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: control.config.snapshotKey.x }, format: 'jwk' });
    expect(verify(null, Buffer.from(signedManifestText(manifest)), key, Buffer.from(manifest.signature, 'base64url'))).toBe(true);
    for (const reference of [manifest.catalog, manifest.accessBase]) {
      const bytes = await documentOf(reference.sha256);
      expect(bytes.length).toBe(reference.bytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(reference.sha256);
    }
    const catalog = JSON.parse((await documentOf(manifest.catalog.sha256)).toString()) as CatalogDocument;
    expect(catalog.models.map((model) => [model.id, model.price.rates.inputUncached, model.price.rates.output])).toEqual([
      ['acme-1', '500000', '2000000'],
    ]);
  });

  test('carries a new key as a change, chained to the base by the digest', async () => {
    const person = await control.register();
    const { createApiKey } = await control.must<Created>(CREATE_KEY, {}, person.token);
    const manifest = await newest();
    const lines = await changesOf(manifest);
    expect(lines).toHaveLength(manifest.accessChanges.count);
    expect(lines.reduce(nextChangeDigest, manifest.accessBase.sha256)).toBe(manifest.accessChanges.digest);
    const hash = hashApiKey(createApiKey.key, control.config.apiKeyPepper).toString('hex');
    const changes = lines.map((line) => JSON.parse(line) as AccessChange);
    const found = changes.flatMap((change) => change.keys).find((row) => row.hash === hash);
    expect(found?.key).toMatchObject({ accountId: person.accountId, expiresAt: 0, flags: KEY_ACTIVE, policy: { requestsPerMinute: 7 } });
  });

  test('is in Redis too, and comes back after a flush', async () => {
    const manifest = await newest();
    const { client } = control.redis;
    const held = async () => {
      const text = await client.get(control.keys.configManifest);
      return text !== null && (JSON.parse(text) as Manifest).revision === manifest.revision ? true : undefined;
    };
    await eventually(held);
    const names = await client.keys(`${control.redis.prefix}:{config}:*`);
    await client.del(names);
    await eventually(held);
    expect(await client.exists(control.keys.configDocument(manifest.catalog.sha256))).toBe(1);
    expect(await client.exists(control.keys.configDocument(manifest.accessBase.sha256))).toBe(1);
    expect(await client.zcard(control.keys.accessChanges(manifest.accessBase.sha256))).toBe(manifest.accessChanges.count);
  });

  test('becomes a new base when everything was touched, without the changes of before', async () => {
    const person = await control.register();
    const { createApiKey } = await control.must<Created>(CREATE_KEY, {}, person.token);
    const sealingKey = generateRegionKey().publicKey;
    await control.must(
      'mutation ($key: String) { saveRegion(input: { id: "us", name: "US", url: "http://localhost", latitude: 1, longitude: 2, sealingKey: $key }) { id } }',
      { key: sealingKey },
      operator.token,
    );
    const manifest = await newest();
    expect(manifest.accessChanges).toEqual({ count: 0, digest: manifest.accessBase.sha256 });
    const base = new AccessBase(await documentOf(manifest.accessBase.sha256));
    const entry = base.find(hashApiKey(createApiKey.key, control.config.apiKeyPepper));
    expect(entry).toMatchObject({ keyId: createApiKey.apiKey.id, accountId: person.accountId, keyPolicy: { requestsPerMinute: 7 } });
  });
});

describe('a bad catalogue', () => {
  test('is refused and named, keeps the one before, and does not hold up a revocation', async () => {
    const good = await newest();
    // A free model by accident cannot be entered; a group that names nothing can, past the checks of the mutation.
    await control.database.pool.query(
      `INSERT INTO routing_group (id, name, kind, tiers) VALUES ('ama/bad', 'Bad', 'code', '{"frontier": ["no-such-model"]}')`,
    );
    const { rows } = await control.database.pool.query(
      `SELECT touch_config('[{"kind": "catalog", "subjectType": "routing_group", "subjectId": "ama/bad"}]', NULL) AS revision`,
    );
    const person = await control.register();
    const { createApiKey } = await control.must<Created>(CREATE_KEY, {}, person.token);
    await control.must('mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: createApiKey.apiKey.id }, person.token);
    const manifest = await newest();
    expect(manifest.catalog).toEqual(good.catalog);
    const last = JSON.parse((await changesOf(manifest)).at(-1) ?? '') as AccessChange;
    expect(last.keys).toEqual([{ hash: hashApiKey(createApiKey.key, control.config.apiKeyPepper).toString('hex'), key: null }]);
    const refused = await control.database.pool.query('SELECT problems FROM refused_revision WHERE revision >= $1', [rows[0].revision]);
    expect(refused.rows[0].problems).toEqual(['group ama/bad: model no-such-model does not exist']);

    await control.must('mutation { deleteRoutingGroup(id: "ama/bad") }', {}, operator.token);
    await control.must(VENDOR, { id: 'acme2' }, operator.token);
    const repaired = await newest();
    expect(repaired.catalog.sha256).not.toBe(good.catalog.sha256);
  });
});

describe('a price for later', () => {
  test('comes into force by itself, at its time', async () => {
    const effectiveFrom = new Date(Date.now() + 1_500).toISOString();
    await control.must(
      'mutation ($price: PriceInput!) { setModelPrice(modelId: "acme-1", input: $price) { revision } }',
      { price: { rates: { ...RATES, output: '3' }, effectiveFrom } },
      operator.token,
    );
    const outputOf = async () => {
      const manifest = await newest();
      const catalog = JSON.parse((await documentOf(manifest.catalog.sha256)).toString()) as CatalogDocument;
      return catalog.models.find((model) => model.id === 'acme-1')?.price.rates.output;
    };
    expect(await outputOf()).toBe('2000000');
    await eventually(async () => ((await outputOf()) === '3000000' ? true : undefined), 10_000);
  });
});

describe('two control planes', () => {
  test('publish each revision once, and the second takes over when the first goes', async () => {
    const config = testConfig(control.database, control.redis, { snapshotKey: control.config.snapshotKey, jwtKey: control.config.jwtKey });
    const second = await createControlPlane(config);
    await second.listen();
    try {
      for (let round = 0; round < 3; round++) await control.must(VENDOR, { id: `both-${round}` }, operator.token);
      await newest();
      const leaders = await control.database.pool.query(
        `SELECT count(*)::int AS count FROM pg_locks WHERE locktype = 'advisory' AND objid = 4211702 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      expect(leaders.rows).toEqual([{ count: 1 }]);
      await control.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4211702 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      await control.must(VENDOR, { id: 'after-the-leader' }, operator.token);
      const revision = await currentRevision();
      await eventually(() => publishedAt(revision), 10_000);
    } finally {
      await second.close();
    }
  });
});
