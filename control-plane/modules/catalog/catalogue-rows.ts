/** The reviewed catalogue as rows of the snapshot's shape: what the seed and `applyCatalogue` write. Pure. */
import type { Capabilities, EndpointRow, ModelRow, PriceRow } from '../../../shared/snapshot.js';
import { CATALOGUE, type CatalogueModel, ratesRowOf } from './data/catalogue-model.js';

/** `price.revision` is given by the database. */
export type CatalogueModelRow = Omit<ModelRow, 'price'> & { readonly price: Omit<PriceRow, 'revision'> };

export function catalogueModelRows(models: readonly CatalogueModel[] = CATALOGUE): CatalogueModelRow[] {
  return models.map((model) => {
    const capabilities = capabilitiesOf(model.can);
    return {
      id: model.id,
      name: model.name,
      description: model.description,
      ownedBy: model.ownedBy,
      created: Math.floor(Date.parse(`${padDate(model.released)}T00:00:00Z`) / 1000),
      aliases: model.aliases,
      contextTokens: model.contextTokens,
      maxOutputTokens: model.maxOutputTokens,
      inputModalities: model.input,
      outputModalities: model.output,
      tokenizer: model.tokenizer,
      bytesPerTokenHundredths: BYTES_PER_TOKEN_HUNDREDTHS[model.tokenizer] ?? DEFAULT_BYTES_PER_TOKEN_HUNDREDTHS,
      capabilities,
      supportedParameters: supportedParameters(capabilities),
      tier: model.tier,
      deprecated: model.deprecated,
      enabled: true,
      price: {
        rates: ratesRowOf(model.price),
        tiers: model.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: ratesRowOf(tier) })),
      },
    };
  });
}

/** Endpoint ids are `<model>@<vendor>`. */
export function catalogueEndpointRows(models: readonly CatalogueModel[] = CATALOGUE): EndpointRow[] {
  return models.flatMap((model) =>
    model.endpoints.map(
      (endpoint): EndpointRow => ({
        id: `${model.id}@${endpoint.vendor}`,
        modelId: model.id,
        vendorId: endpoint.vendor,
        upstreamModel: endpoint.model,
        enabled: true,
        regions: null,
        cost: ratesRowOf(endpoint.cost ?? model.price),
        ...(endpoint.contextTokens === undefined ? {} : { contextTokens: endpoint.contextTokens }),
        ...(endpoint.maxOutputTokens === undefined ? {} : { maxOutputTokens: endpoint.maxOutputTokens }),
        ...(endpoint.quirks === undefined ? {} : { quirks: endpoint.quirks }),
      }),
    ),
  );
}

/** Working figures of UTF-8 bytes per token of English prose by tokenizer family, in hundredths; the estimate bounds them from above. */
const BYTES_PER_TOKEN_HUNDREDTHS: Readonly<Record<string, number>> = {
  GPT: 440,
  Claude: 370,
  Gemini: 430,
  DeepSeek: 430,
  Qwen: 420,
  GLM: 420,
  Kimi: 430,
  Mistral: 400,
  Grok: 430,
  MiniMax: 420,
  Cohere: 410,
  Llama: 420,
};
const DEFAULT_BYTES_PER_TOKEN_HUNDREDTHS = 400;

const CAPABILITY_NAMES = [
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
] as const satisfies readonly (keyof Capabilities)[];

function capabilitiesOf(can: readonly string[]): Capabilities {
  return Object.fromEntries(CAPABILITY_NAMES.map((name) => [name, can.includes(name)])) as unknown as Capabilities;
}

/** OpenRouter's names for what a model takes. */
function supportedParameters(capabilities: Capabilities): string[] {
  return [
    'max_tokens',
    'max_completion_tokens',
    'stop',
    'stream',
    ...(capabilities.temperature ? ['temperature', 'top_p', 'seed', 'presence_penalty', 'frequency_penalty'] : []),
    ...(capabilities.tools ? ['tools', 'tool_choice'] : []),
    ...(capabilities.parallelTools ? ['parallel_tool_calls'] : []),
    ...(capabilities.jsonObject || capabilities.jsonSchema ? ['response_format'] : []),
    ...(capabilities.jsonSchema ? ['structured_outputs'] : []),
    ...(capabilities.reasoning ? ['reasoning', 'reasoning_effort', 'include_reasoning'] : []),
    ...(capabilities.logprobs ? ['logprobs', 'top_logprobs'] : []),
    ...(capabilities.multipleChoices ? ['n'] : []),
  ];
}

/** Sources give `2025`, `2025-04` or a whole date. */
function padDate(date: string): string {
  return `${date}-01-01`.slice(0, 10);
}
