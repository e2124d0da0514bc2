/** `generationConfig`: sampling, limits, logprobs, output format and thinking. */
import type { AttemptTarget } from '../protocol-adapter.js';
import { asksForReasoning, budgetForEffort, effortForBudget, nearestEffort, takeReasoning } from '../reasoning-wish.js';
import type { RequestParameters } from '../request-parameters.js';
import { openApiSchema } from './encode-schema.js';
import type { GeminiTraits } from './gemini-traits.js';

const MAX_STOP_SEQUENCES = 5;
const MAX_TEMPERATURE = 2;

type GenerationConfig = Record<string, unknown>;

export function encodeGeneration(
  parameters: RequestParameters,
  target: AttemptTarget,
  traits: GeminiTraits,
  hasTools: boolean,
): GenerationConfig {
  const config: GenerationConfig = {};
  const set = (name: string, value: unknown): void => {
    if (value !== undefined) config[name] = value;
  };
  const legacyLimit = parameters.take('max_tokens');
  const limit = Math.min(parameters.take('max_completion_tokens') ?? legacyLimit ?? target.outputLimit, target.outputLimit);
  if (Number.isFinite(limit)) config['maxOutputTokens'] = Math.max(1, Math.floor(limit));
  if (target.model.capabilities.temperature) {
    const temperature = parameters.take('temperature');
    set(
      'temperature',
      temperature === undefined ? undefined : Math.min(Math.max(temperature, 0), target.quirks.maxTemperature ?? MAX_TEMPERATURE),
    );
    set('topP', parameters.take('top_p'));
    set('topK', parameters.take('top_k'));
  }
  set('seed', parameters.take('seed'));
  set('presencePenalty', parameters.take('presence_penalty'));
  set('frequencyPenalty', parameters.take('frequency_penalty'));
  const choices = parameters.take('n');
  set('candidateCount', choices === 1 ? undefined : choices);
  set('stopSequences', encodeStop(parameters));
  encodeLogprobs(config, parameters);
  encodeModalities(config, parameters);
  encodeFormat(config, parameters, traits, hasTools);
  encodeThinking(config, parameters, target, traits);
  return config;
}

function encodeStop(parameters: RequestParameters): readonly string[] | undefined {
  const stop = parameters.take('stop');
  const sequences = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter((sequence) => sequence !== '');
  if (sequences.length > MAX_STOP_SEQUENCES) parameters.drop('stop');
  return sequences.length === 0 ? undefined : sequences.slice(0, MAX_STOP_SEQUENCES);
}

function encodeLogprobs(config: GenerationConfig, parameters: RequestParameters): void {
  const top = parameters.take('top_logprobs');
  if (parameters.take('logprobs') !== true) return;
  config['responseLogprobs'] = true;
  if (top !== undefined && top > 0) config['logprobs'] = top;
}

function encodeModalities(config: GenerationConfig, parameters: RequestParameters): void {
  const modalities = parameters.take('modalities');
  if (modalities === undefined || modalities.every((modality) => modality === 'text')) return;
  // Spoken answers have no OpenAI shape that Gemini could fill.
  if (modalities.some((modality) => modality !== 'text' && modality !== 'image')) {
    parameters.drop('modalities');
    return;
  }
  config['responseModalities'] = modalities.map((modality) => modality.toUpperCase());
}

function encodeFormat(config: GenerationConfig, parameters: RequestParameters, traits: GeminiTraits, hasTools: boolean): void {
  const format = parameters.take('response_format');
  if (format === undefined || format.type === 'text') return;
  // Gemini 2 refuses a response format beside function declarations: the tools are the more specific wish.
  if (hasTools && !traits.schemaWithTools) {
    parameters.drop('response_format');
    return;
  }
  config['responseMimeType'] = 'application/json';
  const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined;
  if (schema === undefined) return;
  if (traits.jsonSchema) config['responseJsonSchema'] = schema;
  else config['responseSchema'] = openApiSchema(schema);
}

function encodeThinking(config: GenerationConfig, parameters: RequestParameters, target: AttemptTarget, traits: GeminiTraits): void {
  const { member, ...wish } = takeReasoning(parameters, target.body);
  if (wish.effort === undefined && wish.budgetTokens === undefined) return;
  const wanted = asksForReasoning(wish);
  if (traits.thinking === 'none') {
    if (wanted) parameters.drop(member);
    return;
  }
  const shown = { includeThoughts: wanted && !wish.hidden };
  if (traits.thinking === 'budget') {
    const asked = wish.budgetTokens ?? budgetForEffort(wish.effort ?? 'medium');
    const budget = Math.min(Math.max(asked, traits.minBudgetTokens), traits.maxBudgetTokens);
    config['thinkingConfig'] = { ...shown, thinkingBudget: budget };
    return;
  }
  const effort = wish.budgetTokens === undefined ? (wish.effort ?? 'medium') : effortForBudget(wish.budgetTokens);
  const level = nearestEffort(effort, traits.levels);
  config['thinkingConfig'] = level === undefined ? shown : { ...shown, thinkingLevel: level };
}
