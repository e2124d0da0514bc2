/** OpenRouter's `provider` object: which vendors may serve, at which price, in which order. Vendor ids and names match without case. */
import type { ProviderPreferences } from '../../shared/chat.js';
import type { VendorRow } from '../../shared/snapshot.js';
import type { Principal } from '../types.js';
import type { ExclusionCode } from './exclusions.js';
import type { ApproximateRates } from './routing-index.js';

export interface Preferences {
  readonly order: readonly string[];
  readonly only: ReadonlySet<string> | undefined;
  readonly ignore: ReadonlySet<string>;
  readonly allowFallbacks: boolean;
  readonly requireParameters: boolean;
  readonly denyTraining: boolean;
  /** USD per million tokens. */
  readonly maxPrompt: number;
  readonly maxCompletion: number;
}

const NO_NAMES: readonly string[] = [];
const NO_VENDORS: ReadonlySet<string> = new Set();
/** Most requests say nothing of vendors. */
const NONE: Preferences = {
  order: NO_NAMES,
  only: undefined,
  ignore: NO_VENDORS,
  allowFallbacks: true,
  requireParameters: false,
  denyTraining: false,
  maxPrompt: Number.POSITIVE_INFINITY,
  maxCompletion: Number.POSITIVE_INFINITY,
};

export function readPreferences(provider: ProviderPreferences | undefined, principal: Principal): Preferences {
  if (provider === undefined && principal.accountPolicy.dataCollection !== 'deny') return NONE;
  return {
    order: provider?.order?.map(normalize) ?? NO_NAMES,
    only: provider?.only === undefined ? undefined : new Set(provider.only.map(normalize)),
    ignore: provider?.ignore === undefined ? NO_VENDORS : new Set(provider.ignore.map(normalize)),
    allowFallbacks: provider?.allow_fallbacks !== false,
    requireParameters: provider?.require_parameters === true,
    denyTraining: provider?.data_collection === 'deny' || principal.accountPolicy.dataCollection === 'deny',
    maxPrompt: limit(provider?.max_price?.prompt),
    maxCompletion: limit(provider?.max_price?.completion),
  };
}

/** Why this vendor may not serve, or undefined when it may. */
export function refuseVendor(vendor: VendorRow, preferences: Preferences): ExclusionCode | undefined {
  if (preferences === NONE) return undefined;
  if (preferences.denyTraining && vendor.trainsOnData) return 'data_policy';
  if (preferences.only && !names(vendor, (name) => preferences.only?.has(name) === true)) return 'vendor_not_wanted';
  if (preferences.ignore.size > 0 && names(vendor, (name) => preferences.ignore.has(name))) return 'vendor_not_wanted';
  const listed = preferences.allowFallbacks || preferences.order.length === 0 || rankOf(vendor, preferences) < preferences.order.length;
  return listed ? undefined : 'vendor_not_wanted';
}

/** Pico-USD per token is micro-USD per million tokens. */
export function isOverMaxPrice(rates: ApproximateRates, preferences: Preferences): boolean {
  if (preferences === NONE) return false;
  return rates.input > preferences.maxPrompt * 1e6 || rates.output > preferences.maxCompletion * 1e6;
}

/** Place in `order`; its length for a vendor that is not in it. */
export function rankOf(vendor: VendorRow, preferences: Preferences): number {
  const { order } = preferences;
  const rank = order.findIndex((wanted) => names(vendor, (name) => name === wanted));
  return rank < 0 ? order.length : rank;
}

function names(vendor: VendorRow, test: (name: string) => boolean): boolean {
  return test(normalize(vendor.id)) || test(normalize(vendor.name));
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}

function limit(price: number | string | undefined): number {
  const value = price === undefined ? Number.POSITIVE_INFINITY : Number(price);
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
}
