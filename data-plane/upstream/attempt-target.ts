/** What an adapter may know of one try, from the plan's candidate. */
import type { VendorQuirks } from '../../shared/snapshot.js';
import type { Candidate, CompletionRequest, Endpoint, Model } from '../types.js';
import type { AttemptTarget } from './protocols/protocol-adapter.js';

interface Merged {
  readonly model: Model;
  readonly quirks: VendorQuirks;
}

/** The endpoint's overrides over its vendor's and model's facts, merged once per endpoint of a snapshot. */
const mergedByEndpoint = new WeakMap<Endpoint, Merged>();

/** `affordable`: output tokens that the hold covers; Infinity when only the model's limits count. */
export function buildTarget(candidate: Candidate, request: CompletionRequest, affordable: number): AttemptTarget {
  const { endpoint, credential } = candidate;
  const { model, quirks } = merge(endpoint, candidate.model);
  return {
    requestId: request.id,
    body: request.body,
    raw: request.raw,
    stream: request.stream,
    includeUsage: request.includeUsage,
    omitNullUsage: request.omitNullUsage === true,
    vendorId: endpoint.vendorId,
    model,
    upstreamModel: endpoint.upstreamModel,
    baseUrl: credential.baseUrl ?? endpoint.vendor.baseUrl,
    quirks,
    secret: credential.secret,
    outputLimit: Math.max(1, Math.min(model.maxOutputTokens, endpoint.maxOutputTokens ?? Number.POSITIVE_INFINITY, affordable)),
    createdAt: Math.floor(request.receivedAtMs / 1000),
  };
}

function merge(endpoint: Endpoint, model: Model): Merged {
  let merged = mergedByEndpoint.get(endpoint);
  if (merged === undefined || merged.model.id !== model.id) {
    merged = {
      model: endpoint.capabilities === undefined ? model : { ...model, capabilities: { ...model.capabilities, ...endpoint.capabilities } },
      quirks: endpoint.quirks === undefined ? endpoint.vendor.quirks : { ...endpoint.vendor.quirks, ...endpoint.quirks },
    };
    mergedByEndpoint.set(endpoint, merged);
  }
  return merged;
}
