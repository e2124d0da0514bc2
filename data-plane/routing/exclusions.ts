/** Why an option did not make it into the plan. Collected as codes; words are made only when somebody reads them. */
import type { ExclusionRecord } from '../../shared/usage-event.js';
import { capabilityNames } from './capabilities.js';

export type ExclusionCode =
  | 'unknown_model'
  | 'disabled'
  | 'not_allowed_for_key'
  | 'deprecated'
  | 'unpriced'
  | 'below_quality_floor'
  | 'missing_capability'
  | 'unsupported_parameters'
  | 'context_too_small'
  | 'over_max_price'
  | 'over_max_cost'
  | 'vendor_not_wanted'
  | 'data_policy'
  | 'region'
  | 'no_endpoint'
  | 'no_credential'
  | 'byok_only'
  | 'sandbox_only'
  | 'credential_resting'
  | 'circuit_open';

/** Exclusions that pass by themselves: a retry may succeed. */
const TRANSIENT: ReadonlySet<ExclusionCode> = new Set<ExclusionCode>(['circuit_open', 'credential_resting']);

/** Words, a figure, the mask of what is missing, or what will find the words. */
type Detail = string | number | (() => string);

interface Exclusion {
  readonly model: string;
  readonly vendorId: string | null;
  readonly code: ExclusionCode;
  readonly detail: Detail | undefined;
}

export class Exclusions {
  readonly #all: Exclusion[] = [];

  add(model: string, vendorId: string | null, code: ExclusionCode, detail?: Detail): void {
    this.#all.push({ model, vendorId, code, detail });
  }

  get count(): number {
    return this.#all.length;
  }

  /** At most `limit` of them, in words. */
  records(limit: number): ExclusionRecord[] {
    return this.#all.slice(0, limit).map(({ model, vendorId, code, detail }) => ({
      model,
      vendorId,
      reason: detail === undefined ? code : `${code}: ${inWords(code, detail)}`,
    }));
  }

  /** True when there is at least one and all are of this code. */
  allAre(...codes: readonly ExclusionCode[]): boolean {
    return this.#all.length > 0 && this.#all.every((one) => codes.includes(one.code));
  }

  anyTransient(): boolean {
    return this.#all.some((one) => TRANSIENT.has(one.code));
  }

  /** A retry may find a model that `max_cost` allows: customers pay by the model, so another vendor of a refused one costs the same. */
  anyTransientElsewhere(): boolean {
    const refused = new Set(this.#all.filter((one) => one.code === 'over_max_cost').map((one) => one.model));
    return this.#all.some((one) => TRANSIENT.has(one.code) && !refused.has(one.model));
  }
}

function inWords(code: ExclusionCode, detail: Detail): string {
  if (typeof detail === 'function') return detail();
  return code === 'missing_capability' && typeof detail === 'number' ? capabilityNames(detail) : String(detail);
}
