/**
 * What a Claude model accepts. The catalogue decides through quirks; where a quirk is absent, the version in the vendor's model id
 * decides, and a name without a known version counts as the newest. Sources: Anthropic's model pages, recorded 400 answers
 * (fixtures/errors), models.dev and pi-ai compatibility flags.
 */
import type { AttemptTarget } from '../protocol-adapter.js';

export interface ClaudeTraits {
  /** `thinking.type`: `adaptive` with an effort, or `enabled` with a budget. */
  readonly thinking: 'adaptive' | 'budget' | 'none';
  /** Thinking cannot be turned off (quirk `more.thinkingAlwaysOn`). */
  readonly thinkingAlwaysOn: boolean;
  /** For `output_config.effort`, weakest first. */
  readonly efforts: readonly string[];
  /** `temperature`, `top_p`, `top_k`. */
  readonly sampling: boolean;
  readonly maxTemperature: number;
  /** `temperature` and `top_p` in one request. */
  readonly temperatureWithTopP: boolean;
  /** System messages keep their place among the others (quirk `more.midConversationSystem`). */
  readonly midConversationSystem: boolean;
  /** The last message may be the assistant's (quirk `more.prefill`). */
  readonly prefill: boolean;
  /** `output_config.format`; else a forced tool stands in. */
  readonly jsonSchema: boolean;
  /** `strict` on tools (quirk `more.strictTools`). */
  readonly strictTools: boolean;
}

const NEWEST = 99;
const EFFORTS: readonly string[] = ['low', 'medium', 'high', 'xhigh', 'max'];

export function claudeTraits(target: AttemptTarget): ClaudeTraits {
  const { quirks, model } = target;
  const { family, version } = parseVersion(target.upstreamModel);
  const flag = (name: string, fallback: boolean): boolean => (typeof quirks.more?.[name] === 'boolean' ? quirks.more[name] : fallback);
  const byVersion = version >= 4.6 ? 'adaptive' : version >= 3.7 ? 'budget' : 'none';
  const byQuirk = { anthropic_adaptive: 'adaptive', anthropic_budget: 'budget', none: 'none' } as const;
  const asked =
    quirks.reasoning !== undefined && quirks.reasoning in byQuirk ? byQuirk[quirks.reasoning as keyof typeof byQuirk] : byVersion;
  const isSonnet5 = family === 'sonnet' && version < 5.5;
  return {
    thinking: model.capabilities.reasoning ? asked : 'none',
    thinkingAlwaysOn: flag('thinkingAlwaysOn', family === 'fable' || family === 'mythos' || (version >= 5.5 && family !== 'haiku')),
    efforts: quirks.efforts ?? (version >= 4.7 ? EFFORTS : EFFORTS.filter((effort) => effort !== 'xhigh')),
    sampling: model.capabilities.temperature && (version < 4.7 || version === NEWEST),
    maxTemperature: quirks.maxTemperature ?? 1,
    temperatureWithTopP: version < 4.1,
    midConversationSystem: flag('midConversationSystem', version >= 4.8 && !isSonnet5),
    prefill: flag('prefill', version < 4.6),
    jsonSchema: quirks.jsonSchema === undefined ? version >= 4.5 || (family === 'opus' && version >= 4.1) : quirks.jsonSchema === 'native',
    strictTools: flag('strictTools', version >= 4.5 || (family === 'opus' && version >= 4.1)),
  };
}

/** `claude-opus-4-7`, `claude-3-7-sonnet@20250219`, `anthropic/claude-sonnet-4.5`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`. */
function parseVersion(id: string): { family: string; version: number } {
  const family = /(opus|sonnet|haiku|fable|mythos|instant)/.exec(id)?.[1] ?? '';
  const match =
    /(?:opus|sonnet|haiku|fable|mythos)-(\d)(?!\d)(?:[-.](\d)(?!\d))?/.exec(id) ?? /claude-(\d)(?!\d)(?:[-.](\d)(?!\d))?/.exec(id);
  return { family, version: match === null ? NEWEST : Number(`${match[1]}.${match[2] ?? '0'}`) };
}
