/**
 * An OpenAI-compatible server of the user's own (`LOCAL_OPENAI_BASE_URL`: Ollama, llama.cpp, vLLM) as a vendor. Its models are asked for
 * at each start and appear as `local/<id>`, at a small price so that their bills can be watched. When it does not answer, what was
 * seeded before stays and the start goes on with a warning.
 */
import type { ClientBase } from 'pg';
import type { ConfigTouch } from '../control-plane/db/change-config.js';
import type { Kms } from '../control-plane/modules/byok/kms.js';
import type { RegionKeys } from '../control-plane/modules/byok/seal-secret.js';
import type { CatalogueModelRow } from '../control-plane/modules/catalog/catalogue-rows.js';
import { addEndpoints, addModels, addPrices, addVendors } from './seed-catalogue.js';
import { seedCredential, seedVendorAddress } from './seed-fleet.js';

const LOCAL = 'local';
const ASK_MS = 5_000;
/** Such servers ignore it, or were started with this. */
const SECRET = 'local';
/** Pico-USD per token: $0.10 and $0.40 per million. */
const RATES = {
  inputUncached: '100000',
  cacheRead: '100000',
  cacheWrite5m: '100000',
  cacheWrite1h: '100000',
  output: '400000',
  requests: '0',
};
/** What small local models have when they do not say. */
const CONTEXT_TOKENS = 8_192;
const MAX_OUTPUT_TOKENS = 4_096;

export async function seedLocalServer(
  client: ClientBase,
  kms: Kms,
  baseUrl: string,
  keys: RegionKeys,
  warn: (problem: string) => void,
): Promise<ConfigTouch[]> {
  const vendor = {
    id: LOCAL,
    name: 'Local server',
    protocol: 'openai',
    baseUrl,
    enabled: true,
    regions: null,
    // A model that is loaded at the first request, on a processor without help.
    timeouts: { connectMs: 5_000, firstTokenMs: 300_000, idleMs: 120_000 },
    quirks: { passUnknown: true, maxTokensField: 'max_tokens', developerRole: false },
    byokBaseUrl: true,
    trainsOnData: false,
  } as const;
  const ids = await listModels(baseUrl).catch((error: Error) => {
    warn(`LOCAL_OPENAI_BASE_URL: ${baseUrl} does not list its models (${error.message})`);
    return [];
  });
  const models = ids.map(modelRow);
  const endpoints = ids.map((id) => ({
    id: `${publicId(id)}@${LOCAL}`,
    modelId: publicId(id),
    vendorId: LOCAL,
    upstreamModel: id,
    enabled: true,
    regions: null,
    cost: RATES,
  }));
  return [
    ...(await addVendors(client, [vendor])),
    ...(await seedVendorAddress(client, LOCAL, baseUrl)),
    ...(await seedCredential(client, kms, LOCAL, SECRET, keys)),
    ...(await addModels(client, models)),
    ...(await addPrices(client, models)),
    ...(await addEndpoints(client, endpoints)),
  ];
}

async function listModels(baseUrl: string): Promise<string[]> {
  const headers = { authorization: `Bearer ${SECRET}` };
  const response = await fetch(`${baseUrl}/models`, { headers, signal: AbortSignal.timeout(ASK_MS) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const { data } = (await response.json()) as { data?: readonly { readonly id: string }[] };
  return (data ?? []).map((model) => model.id);
}

/** A path, as llama.cpp names its models, becomes the file's name. */
function publicId(id: string): string {
  const name = id.split('/').at(-1) ?? id;
  return `local/${name.replace(/[^A-Za-z0-9._:@-]/g, '-')}`;
}

function modelRow(id: string): CatalogueModelRow {
  return {
    id: publicId(id),
    name: id.split('/').at(-1) ?? id,
    description: 'A model of the local server.',
    ownedBy: LOCAL,
    created: 0,
    aliases: [],
    contextTokens: CONTEXT_TOKENS,
    maxOutputTokens: MAX_OUTPUT_TOKENS,
    inputModalities: ['text'],
    outputModalities: ['text'],
    tokenizer: 'Other',
    bytesPerTokenHundredths: 350,
    capabilities: {
      tools: true,
      parallelTools: false,
      imageInput: false,
      audioInput: false,
      fileInput: false,
      jsonObject: true,
      jsonSchema: true,
      reasoning: false,
      logprobs: false,
      multipleChoices: false,
      temperature: true,
      promptCache: false,
    },
    supportedParameters: ['temperature', 'top_p', 'max_tokens', 'stop', 'seed', 'tools', 'tool_choice', 'response_format'],
    tier: 'value',
    deprecated: false,
    enabled: true,
    price: { rates: RATES, tiers: [] },
  };
}
