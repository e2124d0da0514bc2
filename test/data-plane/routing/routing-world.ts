/** A small catalogue, health that a test can set, and requests: what planning needs as arguments. */

import type { CompletionRequest, Credential, Endpoint, HealthView, Model, Principal, Snapshot } from '../../../data-plane/types.js';
import type { ChatRequest } from '../../../shared/chat.js';
import { INTERACTIVE, type Rates } from '../../../shared/money.js';
import type { Capabilities, GroupRow, VendorRow } from '../../../shared/snapshot.js';

export const ABLE: Capabilities = {
  tools: true,
  parallelTools: true,
  imageInput: true,
  audioInput: false,
  fileInput: true,
  jsonObject: true,
  jsonSchema: true,
  reasoning: true,
  logprobs: true,
  multipleChoices: true,
  temperature: true,
  promptCache: true,
};

export function ratesOf(inputUsd: number, outputUsd: number): Rates {
  const pico = (usd: number): bigint => BigInt(Math.round(usd * 1e6));
  return {
    inputUncached: pico(inputUsd),
    cacheRead: pico(inputUsd / 10),
    cacheWrite5m: pico(inputUsd * 1.25),
    cacheWrite1h: pico(inputUsd * 2),
    output: pico(outputUsd),
    requests: 0n,
  };
}

export function vendor(id: string, more: Partial<VendorRow> = {}): VendorRow {
  return {
    id,
    name: id,
    protocol: 'openai',
    baseUrl: `https://${id}.example`,
    enabled: true,
    regions: null,
    timeouts: { connectMs: 1, firstTokenMs: 1, idleMs: 1 },
    quirks: {},
    byokBaseUrl: false,
    trainsOnData: false,
    credentials: [],
    ...more,
  };
}

export function model(id: string, inputUsd: number, outputUsd: number, more: Partial<Model> = {}): Model {
  return {
    id,
    name: id,
    description: '',
    ownedBy: 'someone',
    created: 0,
    aliases: [],
    contextTokens: 128_000,
    maxOutputTokens: 8_000,
    inputModalities: ['text'],
    outputModalities: ['text'],
    tokenizer: 'o200k',
    bytesPerTokenHundredths: 440,
    capabilities: ABLE,
    supportedParameters: [],
    tier: 'standard',
    deprecated: false,
    enabled: true,
    price: { revision: 1, rates: ratesOf(inputUsd, outputUsd), tiers: [] },
    ...more,
  };
}

export function endpoint(of: Model, at: VendorRow, more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `${at.id}/${of.id}`,
    modelId: of.id,
    vendorId: at.id,
    upstreamModel: of.id,
    enabled: true,
    regions: null,
    cost: of.price.rates,
    vendor: at,
    ...more,
  };
}

export interface World {
  readonly models: readonly Model[];
  readonly vendors: readonly VendorRow[];
  readonly endpoints: readonly Endpoint[];
  readonly groups?: readonly GroupRow[];
  readonly elsewhere?: readonly Endpoint[];
  readonly settings?: Partial<Snapshot['settings']>;
}

export function snapshotOf(world: World): Snapshot {
  const byModel = (endpoints: readonly Endpoint[]): Map<string, Endpoint[]> => Map.groupBy(endpoints, (one) => one.modelId);
  const secret = (id: string): Credential[] => [{ id: `house-${id}`, secret: 's', weight: 1, owner: 'house' }];
  return {
    revision: 7,
    settings: {
      primaryHost: 'api.example',
      topUpUrl: 'https://example',
      maxRevocationStalenessMs: 1,
      defaultRequestsPerMinute: 1,
      defaultTokensPerMinute: 1,
      autoFloor: 'value',
      probeIdleEndpoints: false,
      ...world.settings,
    },
    regions: new Map(),
    models: world.models,
    modelsByName: new Map(world.models.flatMap((one) => [one.id, ...one.aliases].map((name) => [name, one] as const))),
    groups: new Map(world.groups?.map((group) => [group.id, group])),
    vendors: new Map(world.vendors.map((one) => [one.id, one])),
    endpointsByModel: byModel(world.endpoints),
    endpointsElsewhere: byModel(world.elsewhere ?? []),
    access: { find: () => undefined },
    credentials: new Map(world.vendors.map((one) => [one.id, secret(one.id)])),
    openByok: (row) => ({ id: row.id, secret: 'own', weight: 1, owner: 'byok' }),
  };
}

export interface Illness {
  readonly success?: number;
  readonly share?: number;
  readonly open?: boolean;
  readonly firstTokenMs?: number;
  readonly tokensPerSecond?: number;
  /** Of a credential's id. */
  readonly resting?: boolean;
}

export function healthOf(ill: Readonly<Record<string, Illness>> = {}): HealthView {
  return {
    successRate: (id) => ill[id]?.success ?? 1,
    firstTokenMs: (id) => ill[id]?.firstTokenMs,
    tokensPerSecond: (id) => ill[id]?.tokensPerSecond,
    isOpen: (id) => ill[id]?.open ?? false,
    share: (id) => ill[id]?.share ?? 1,
    isResting: ({ id }) => ill[id]?.resting ?? false,
  };
}

export function principalOf(more: Partial<Principal> = {}): Principal {
  return {
    keyId: 'key',
    accountId: 'account',
    test: false,
    keyPolicy: {},
    accountPolicy: {},
    multiplier: INTERACTIVE,
    batchItemId: null,
    ...more,
  };
}

export function requestOf(body: Partial<ChatRequest>): CompletionRequest {
  const whole: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'Hello there, how are you?' }], ...body };
  return {
    id: '01900000-0000-7000-8000-000000000000',
    raw: Buffer.from(JSON.stringify(whole)),
    body: whole,
    stream: false,
    includeUsage: false,
    receivedAtMs: 1_760_000_000_000,
    deadlineMs: 60_000,
  };
}

/** Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
