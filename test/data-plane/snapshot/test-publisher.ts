/** Publishes signed revisions as the control plane does, to Redis or as a source in memory, so that a node has something to verify. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { ConfigSource } from '../../../data-plane/snapshot/config-source.js';
import {
  ACCOUNT_ACTIVE,
  type AccessChange,
  type AccountRecord,
  encodeAccessBase,
  KEY_ACTIVE,
  type KeyRecord,
  nextChangeDigest,
} from '../../../shared/access-document.js';
import { hashApiKey, mintApiKey } from '../../../shared/api-key.js';
import { redisKeys } from '../../../shared/redis-keys.js';
import { generateDataKey, generateRegionKey, type RegionKeyPair, sealSecret } from '../../../shared/sealed.js';
import {
  type CatalogDocument,
  type DocumentReference,
  type Manifest,
  type ModelRow,
  signedManifestText,
} from '../../../shared/snapshot.js';

export const PEPPER = 'a pepper of the tests';
export const ACCOUNT_ID = '018f0000-0000-7000-8000-000000000001';

export class TestPublisher implements ConfigSource {
  readonly name = 'redis';
  readonly regionKey: RegionKeyPair = generateRegionKey();
  readonly publicKey: string;
  readonly #privateKey: KeyObject;
  readonly documents = new Map<string, Buffer>();
  newest: Manifest | undefined;
  changesOfBase: string[] = [];

  constructor() {
    const pair = generateKeyPairSync('ed25519');
    this.#privateKey = pair.privateKey;
    this.publicKey = pair.publicKey.export({ format: 'jwk' }).x ?? '';
  }

  /** A revision with a base of its own. */
  publishBase(
    revision: number,
    catalog: unknown,
    keys: readonly KeyRecord[],
    accounts: readonly AccountRecord[] = [activeAccount()],
  ): Manifest {
    const base = this.#store(encodeAccessBase(sorted(keys), accounts));
    this.changesOfBase = [];
    return this.#sign(
      revision,
      this.#store(Buffer.from(JSON.stringify(catalog))),
      { ...base, revision },
      { count: 0, digest: base.sha256 },
    );
  }

  /** A revision that changes keys or accounts of the base before. */
  publishChange(change: AccessChange, catalog?: unknown): Manifest {
    const before = this.newest;
    if (!before) throw new Error('publish a base first');
    const json = JSON.stringify(change);
    this.changesOfBase.push(json);
    const changes = { count: before.accessChanges.count + 1, digest: nextChangeDigest(before.accessChanges.digest, json) };
    const document = catalog === undefined ? before.catalog : this.#store(Buffer.from(JSON.stringify(catalog)));
    return this.#sign(change.revision, document, before.accessBase, changes);
  }

  async announceIn(redis: Redis, prefix: string, options: { silently?: boolean } = {}): Promise<void> {
    const { newest } = this;
    if (!newest) throw new Error('nothing was published');
    const keys = redisKeys(prefix);
    for (const [sha256, bytes] of this.documents) await redis.set(keys.configDocument(sha256), bytes);
    for (const json of this.changesOfBase) await redis.zadd(keys.accessChanges(newest.accessBase.sha256), JSON.parse(json).revision, json);
    await redis.set(keys.configManifest, JSON.stringify(newest));
    if (!options.silently)
      await redis.publish(keys.configChannel, JSON.stringify({ revision: newest.revision, previous: newest.previous }));
  }

  async manifest(): Promise<unknown> {
    return this.newest;
  }

  async document({ sha256 }: DocumentReference): Promise<Buffer> {
    const bytes = this.documents.get(sha256);
    if (!bytes) throw new Error(`no document ${sha256}`);
    return bytes;
  }

  async changes(_manifest: Manifest, afterRevision: number): Promise<readonly string[]> {
    return this.changesOfBase.filter((json) => JSON.parse(json).revision > afterRevision);
  }

  #store(bytes: Buffer): DocumentReference {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.documents.set(sha256, bytes);
    return { sha256, bytes: bytes.length };
  }

  #sign(
    revision: number,
    catalog: DocumentReference,
    accessBase: Manifest['accessBase'],
    accessChanges: Manifest['accessChanges'],
  ): Manifest {
    const publishedAt = new Date(0).toISOString();
    const unsigned = {
      format: 1,
      revision,
      previous: this.newest?.revision ?? 0,
      publishedAt,
      catalog,
      accessBase,
      accessChanges,
    } as const;
    const signature = sign(null, Buffer.from(signedManifestText(unsigned)), this.#privateKey).toString('base64url');
    this.newest = { ...unsigned, signature };
    return this.newest;
  }

  /** A catalogue of two vendors and two models; `changes` replace its members. */
  catalog(changes: Partial<CatalogDocument> = {}): CatalogDocument {
    const sealed = sealSecret('house-secret', { owner: 'house', vendorId: 'near', id: 'credential-1', version: 1 }, generateDataKey(), {
      us: this.regionKey.publicKey,
    });
    const vendor = {
      id: 'near',
      name: 'Near',
      protocol: 'openai',
      baseUrl: 'http://127.0.0.1:9/v1',
      enabled: true,
      regions: null,
      timeouts: { connectMs: 1000, firstTokenMs: 10_000, idleMs: 10_000 },
      quirks: {},
      byokBaseUrl: false,
      trainsOnData: false,
      credentials: [{ id: 'credential-1', weight: 1, sealed }],
    } as const;
    const endpoint = { upstreamModel: 'm', enabled: true, regions: null, cost: model('x').price.rates } as const;
    return {
      format: 1,
      vendors: [vendor, { ...vendor, id: 'far', name: 'Far', regions: ['sg'], credentials: [] }],
      models: [model('alpha', ['alpha-latest']), model('vendor/beta')],
      endpoints: [
        { ...endpoint, id: 'e1', modelId: 'alpha', vendorId: 'near' },
        { ...endpoint, id: 'e2', modelId: 'alpha', vendorId: 'far' },
        { ...endpoint, id: 'e3', modelId: 'vendor/beta', vendorId: 'far' },
      ],
      groups: [],
      regions: [region('us', this.regionKey.publicKey), region('sg', '')],
      settings: {
        primaryHost: 'api.example.com',
        topUpUrl: 'https://example.com/topup',
        maxRevocationStalenessMs: 300_000,
        defaultRequestsPerMinute: 600,
        defaultTokensPerMinute: 1_000_000,
        autoFloor: 'value',
        probeIdleEndpoints: false,
      },
      ...changes,
    };
  }
}

export function model(id: string, aliases: readonly string[] = []): ModelRow {
  const rates = {
    inputUncached: '1000000',
    cacheRead: '100000',
    cacheWrite5m: '1250000',
    cacheWrite1h: '2000000',
    output: '4000000',
    requests: '0',
  };
  return {
    id,
    name: id,
    description: '',
    ownedBy: 'tests',
    created: 1_700_000_000,
    aliases,
    contextTokens: 100_000,
    maxOutputTokens: 10_000,
    inputModalities: ['text'],
    outputModalities: ['text'],
    tokenizer: 'o200k_base',
    bytesPerTokenHundredths: 412,
    capabilities: {
      tools: true,
      parallelTools: true,
      imageInput: false,
      audioInput: false,
      fileInput: false,
      jsonObject: true,
      jsonSchema: true,
      reasoning: false,
      logprobs: false,
      multipleChoices: true,
      temperature: true,
      promptCache: false,
    },
    supportedParameters: ['temperature'],
    tier: 'standard',
    deprecated: false,
    enabled: true,
    price: { revision: 1, rates, tiers: [] },
  };
}

function region(id: string, sealingKey: string) {
  return { id, name: id, city: id, url: `https://${id}.api.example.com`, countries: [], latitude: 0, longitude: 0, sealingKey };
}

export function activeAccount(accountId = ACCOUNT_ID): AccountRecord {
  return { accountId, flags: ACCOUNT_ACTIVE, policy: {} };
}

export function newKey(number: number, changes: Partial<KeyRecord> = {}): { key: string; record: KeyRecord } {
  const { key } = mintApiKey(PEPPER, { test: false });
  const keyId = `018f0000-0000-7000-9000-${String(number).padStart(12, '0')}`;
  const record = { hash: hashApiKey(key, PEPPER), keyId, accountId: ACCOUNT_ID, expiresAt: 0, flags: KEY_ACTIVE, policy: {} };
  return { key, record: { ...record, ...changes } };
}

function sorted(keys: readonly KeyRecord[]): KeyRecord[] {
  return [...keys].sort((left, right) => left.hash.compare(right.hash));
}
