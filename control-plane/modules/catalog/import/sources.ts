/** Reads the public catalogues (folder `shared/catalogue` of the workplace, or fresher copies of the same files) into one shape. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** USD per million tokens, as numbers of the source. */
export interface SourceRates {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

export interface SourceModel {
  readonly source: string;
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly released?: string;
  readonly deprecated?: boolean;
  readonly context?: number;
  readonly maxOutput?: number;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly tools?: boolean;
  readonly reasoning?: boolean;
  readonly temperature?: boolean;
  readonly structuredOutput?: boolean;
  readonly parameters?: readonly string[];
  readonly rates?: SourceRates;
  readonly tiers?: readonly (SourceRates & { readonly above: number })[];
  readonly adaptiveThinking?: boolean;
  readonly efforts?: readonly string[];
  readonly description?: string;
}

interface PiModel {
  id: string;
  name: string;
  type?: string;
  reasoning?: boolean;
  input?: string[];
  cost?: { input: number; output: number; cacheRead?: number; cacheWrite?: number; tiers?: PiTier[] };
  contextWindow?: number;
  maxTokens?: number;
  compat?: { forceAdaptiveThinking?: boolean; supportsTemperature?: boolean };
  thinkingLevelMap?: Record<string, string | null>;
}
interface PiTier {
  inputTokensAbove: number;
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
}

/** A map names departures only: low to high exist unless it says null, the others only where it names them. */
function effortsOf(map: Readonly<Record<string, string | null>>): string[] {
  const levels = ['off', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'].map((level) =>
    map[level] === undefined && ['low', 'medium', 'high'].includes(level) ? level : map[level],
  );
  return [...new Set(levels.filter((level): level is string => typeof level === 'string'))];
}

/** pi-ai: the freshest prices (November 2026). A cost of 0 is a plan, not a price. */
export function readPiAi(folder: string): SourceModel[] {
  return readdirSync(folder).flatMap((file) => {
    const provider = file.replace('.json', '');
    const byApi = readJson<Record<string, Record<string, PiModel>>>(join(folder, file));
    return Object.values(byApi)
      .flatMap((models) => Object.values(models))
      .filter((model) => model.type === 'chat' && (model.cost?.output ?? 0) > 0)
      .map((model): SourceModel => {
        const cost = model.cost ?? { input: 0, output: 0 };
        const efforts = model.thinkingLevelMap ? effortsOf(model.thinkingLevelMap) : [];
        return {
          source: 'pi-ai 1.5.2 (2026-11-10)',
          provider,
          id: model.id,
          name: model.name,
          ...(model.contextWindow ? { context: model.contextWindow } : {}),
          ...(model.maxTokens ? { maxOutput: model.maxTokens } : {}),
          ...(model.input ? { input: model.input } : {}),
          reasoning: model.reasoning === true,
          ...(model.compat?.supportsTemperature === false ? { temperature: false } : {}),
          ...(model.compat?.forceAdaptiveThinking ? { adaptiveThinking: true } : {}),
          ...(efforts.length > 0 ? { efforts } : {}),
          rates: ratesOf(cost),
          tiers: (cost.tiers ?? []).map((tier) => ({ above: tier.inputTokensAbove, ...ratesOf(tier) })),
        };
      });
  });
}

interface DevModel {
  id: string;
  name: string;
  release_date?: string;
  status?: string;
  tool_call?: boolean;
  reasoning?: boolean;
  temperature?: boolean;
  structured_output?: boolean;
  reasoning_options?: { type: string; values?: string[] }[];
  cost?: { input?: number; output?: number; cache_read?: number; cache_write?: number; tiers?: DevTier[] };
  limit?: { context?: number; output?: number };
  modalities?: { input?: string[]; output?: string[] };
}
interface DevTier {
  tier?: { size?: number };
  input: number;
  output: number;
  cache_read?: number;
  cache_write?: number;
}

/** models.dev: capabilities and limits, and prices of July 2026. */
export function readModelsDev(path: string): SourceModel[] {
  const providers = readJson<Record<string, { models: Record<string, DevModel> }>>(path);
  return Object.entries(providers).flatMap(([provider, { models }]) =>
    Object.values(models).map((model): SourceModel => {
      const cost = model.cost;
      const efforts = model.reasoning_options?.find((option) => option.type === 'effort')?.values;
      return {
        source: 'models.dev (2026-07-02)',
        provider,
        id: model.id,
        name: model.name,
        ...(model.release_date ? { released: model.release_date } : {}),
        deprecated: model.status === 'deprecated',
        ...(model.limit?.context ? { context: model.limit.context } : {}),
        ...(model.limit?.output ? { maxOutput: model.limit.output } : {}),
        input: model.modalities?.input ?? ['text'],
        output: model.modalities?.output ?? ['text'],
        tools: model.tool_call === true,
        reasoning: model.reasoning === true,
        temperature: model.temperature !== false,
        ...(model.structured_output === undefined ? {} : { structuredOutput: model.structured_output }),
        ...(efforts ? { efforts } : {}),
        ...(cost?.input !== undefined && cost.output
          ? {
              rates: ratesOf({ input: cost.input, output: cost.output, cacheRead: cost.cache_read, cacheWrite: cost.cache_write }),
              tiers: (cost.tiers ?? []).map((tier) => ({
                above: tier.tier?.size ?? 200_000,
                ...ratesOf({ input: tier.input, output: tier.output, cacheRead: tier.cache_read, cacheWrite: tier.cache_write }),
              })),
            }
          : {}),
      };
    }),
  );
}

interface RouterModel {
  id: string;
  name: string;
  description?: string;
  created: number;
  context_length?: number;
  architecture?: { input_modalities?: string[]; output_modalities?: string[] };
  pricing: Record<string, string>;
  top_provider?: { max_completion_tokens?: number | null };
  supported_parameters?: string[];
}

/** OpenRouter's public list: models that only hosts serve, and descriptions (May 2026). */
export function readOpenRouter(path: string): SourceModel[] {
  return readJson<{ data: RouterModel[] }>(path).data.map((model): SourceModel => {
    const perMillion = (key: string) =>
      model.pricing[key] === undefined ? undefined : Number((Number(model.pricing[key]) * 1e6).toFixed(6));
    return {
      source: 'OpenRouter list (2026-05-12)',
      provider: 'openrouter',
      id: model.id,
      name: model.name,
      released: new Date(model.created * 1000).toISOString().slice(0, 10),
      ...(model.description ? { description: model.description } : {}),
      ...(model.context_length ? { context: model.context_length } : {}),
      ...(model.top_provider?.max_completion_tokens ? { maxOutput: model.top_provider.max_completion_tokens } : {}),
      input: model.architecture?.input_modalities ?? ['text'],
      output: model.architecture?.output_modalities ?? ['text'],
      ...(model.supported_parameters ? { parameters: model.supported_parameters } : {}),
      tools: model.supported_parameters?.includes('tools') ?? false,
      reasoning: model.supported_parameters?.includes('reasoning') ?? false,
      structuredOutput: model.supported_parameters?.includes('structured_outputs') ?? false,
      temperature: model.supported_parameters?.includes('temperature') ?? true,
      rates: ratesOf({
        input: perMillion('prompt') ?? 0,
        output: perMillion('completion') ?? 0,
        cacheRead: perMillion('input_cache_read'),
        cacheWrite: perMillion('input_cache_write'),
      }),
      tiers: [],
    };
  });
}

export function readSources(folder: string): SourceModel[] {
  const piFolder = readdirSync(folder).find((name) => name.startsWith('pi-ai'));
  return [
    ...(piFolder ? readPiAi(join(folder, piFolder)) : []),
    ...(existsSync(join(folder, 'models.dev-core.json')) ? readModelsDev(join(folder, 'models.dev-core.json')) : []),
    ...(existsSync(join(folder, 'openrouter-models.json')) ? readOpenRouter(join(folder, 'openrouter-models.json')) : []),
  ];
}

function ratesOf(cost: { input: number; output: number; cacheRead?: number | undefined; cacheWrite?: number | undefined }): SourceRates {
  return {
    input: cost.input,
    output: cost.output,
    ...(cost.cacheRead ? { cacheRead: cost.cacheRead } : {}),
    ...(cost.cacheWrite ? { cacheWrite: cost.cacheWrite } : {}),
  };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
