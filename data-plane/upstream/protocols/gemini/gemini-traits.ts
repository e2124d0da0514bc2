/**
 * What a Gemini model accepts. The catalogue decides through quirks; where a quirk is absent, the version in the vendor's model id
 * decides, and a name without a known version counts as the newest. Sources: Google's model pages, models.dev and pi-ai flags.
 */
import type { AttemptTarget } from '../protocol-adapter.js';

export interface GeminiTraits {
  /** `thinkingBudget` (2.5) or `thinkingLevel` (3 and later): never both. */
  readonly thinking: 'budget' | 'level' | 'none';
  /** The least budget that the model takes; 0 turns thinking off. */
  readonly minBudgetTokens: number;
  readonly maxBudgetTokens: number;
  /** For `thinkingLevel`, weakest first. */
  readonly levels: readonly string[];
  /** A function call without its thought signature is refused with a 400. */
  readonly signaturesRequired: boolean;
  /** Schemas as JSON Schema; false: OpenAPI's subset (quirk `more.openApiSchema`). */
  readonly jsonSchema: boolean;
  /** Structured output beside tools. */
  readonly schemaWithTools: boolean;
  /** Images inside a functionResponse; else they follow it. */
  readonly toolImages: boolean;
}

const NEWEST = 99;

export function geminiTraits(target: AttemptTarget): GeminiTraits {
  const { quirks, model, upstreamModel: id } = target;
  const match = /gemini-(\d)(?!\d)(?:\.(\d))?/.exec(id);
  const version = match === null ? NEWEST : Number(`${match[1]}.${match[2] ?? '0'}`);
  const byVersion = version >= 3 ? 'level' : version >= 2.5 ? 'budget' : 'none';
  const byQuirk = { gemini_level: 'level', gemini_budget: 'budget', none: 'none' } as const;
  const asked =
    quirks.reasoning !== undefined && quirks.reasoning in byQuirk ? byQuirk[quirks.reasoning as keyof typeof byQuirk] : byVersion;
  const isPro = /-pro\b/.test(id);
  return {
    thinking: model.capabilities.reasoning ? asked : 'none',
    minBudgetTokens: isPro ? 128 : 0,
    maxBudgetTokens: isPro ? 32_768 : 24_576,
    levels: quirks.efforts ?? (isPro ? ['low', 'high'] : ['minimal', 'low', 'medium', 'high']),
    signaturesRequired: version >= 3,
    jsonSchema: quirks.more?.['openApiSchema'] === undefined ? version >= 2 : quirks.more['openApiSchema'] !== true,
    schemaWithTools: version >= 3,
    toolImages: quirks.toolImages ?? version >= 3,
  };
}
