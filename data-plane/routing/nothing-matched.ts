/** The error when no option is left: as precise as the exclusions allow, with all of them for the customer to read. */
import { GatewayError } from '../../shared/errors.js';
import { formatUsd, type NanoUsd } from '../../shared/money.js';
import type { Exclusions } from './exclusions.js';

export interface Refusal {
  readonly requested: readonly string[];
  readonly exclusions: Exclusions;
  readonly inputTokens: number;
  readonly outputTokens: number | undefined;
  /** The cheapest option's ceiling, when `max_cost` excluded it. */
  readonly cheapestCeiling: NanoUsd | undefined;
  readonly maxCost: NanoUsd | undefined;
}

/** Enough to see why; a catalogue of reasons helps nobody. */
const SHOWN_EXCLUSIONS = 50;
/** An open circuit probes again after seconds. */
const RETRY_AFTER_MS = 5_000;

export function nothingMatched(refusal: Refusal): GatewayError {
  const { exclusions, maxCost, cheapestCeiling } = refusal;
  const excluded = exclusions.records(SHOWN_EXCLUSIONS).map(({ model, vendorId, reason }) => ({ model, vendor: vendorId, reason }));
  if (exclusions.allAre('context_too_small')) {
    const output = refusal.outputTokens === undefined ? '' : ` and ${refusal.outputTokens} of output`;
    return new GatewayError(
      'context_length_exceeded',
      `This request has about ${refusal.inputTokens} tokens of input${output}, which is more than ${quote(refusal.requested)} can take. Shorten the messages, lower max_tokens, or choose a model with a larger context.`,
      { param: 'messages', extra: { excluded } },
    );
  }
  if (maxCost !== undefined && cheapestCeiling !== undefined && !exclusions.anyTransientElsewhere()) {
    return new GatewayError(
      'max_cost_exceeded',
      `This request may cost up to $${formatUsd(cheapestCeiling)}, and max_cost is $${formatUsd(maxCost)}. Lower max_tokens, shorten the messages, or raise max_cost.`,
      { param: 'max_cost', extra: { ceiling_usd: formatUsd(cheapestCeiling), max_cost_usd: formatUsd(maxCost), excluded } },
    );
  }
  if (exclusions.allAre('not_allowed_for_key', 'disabled')) {
    return new GatewayError('model_not_allowed', `This API key may not use ${quote(refusal.requested)}.`, {
      param: 'model',
      extra: { excluded },
    });
  }
  const retryable = exclusions.anyTransient();
  return new GatewayError(
    'no_available_provider',
    retryable
      ? `Every vendor that could serve ${quote(refusal.requested)} is failing at the moment. Retry in a few seconds.`
      : `No vendor can serve ${quote(refusal.requested)} as this request asks. \`availability.excluded\` says what stands in the way.`,
    {
      ...(retryable ? { retryAfterMs: RETRY_AFTER_MS } : {}),
      extra: {
        availability: {
          code: 'no_available_provider',
          retryable,
          retry_after: retryable ? RETRY_AFTER_MS / 1_000 : null,
          requested_models: refusal.requested,
          excluded,
        },
      },
    },
  );
}

function quote(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `\`${name.slice(0, 100)}\``);
  return names.length > 3 ? `${shown.join(', ')} and ${names.length - 3} more` : shown.join(', ');
}
