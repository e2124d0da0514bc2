/**
 * From what the customer asked for to models in order: a model's id or alias, `auto`, a group, or a list of those (`models`), each with
 * an optional suffix `:floor` (price) or `:nitro` (throughput). Throws `model_not_found` when nothing asked for exists,
 * `model_not_allowed` when the key may use none of it, `invalid_request` for a list that is too long.
 */
import type { ChatRequest, QualityTier } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import type { GroupRow } from '../../shared/snapshot.js';
import type { Model, Principal, Snapshot } from '../types.js';
import type { Exclusions } from './exclusions.js';
import { indexOf, type ModelEntry, type RoutingIndex } from './routing-index.js';

export type Sort = 'price' | 'latency' | 'throughput';

/** One thing asked for. `auto`: ours to order by cost. `group`: tiers decide. `model`: itself. */
export interface Wanted {
  readonly kind: 'auto' | 'group' | 'model';
  readonly entries: readonly ModelEntry[];
  readonly group: GroupRow | undefined;
  /** From a suffix. */
  readonly sort: Sort | undefined;
}

export interface Resolution {
  /** As the customer wrote it; the first is tried first. */
  readonly requested: readonly string[];
  readonly wanted: readonly Wanted[];
}

export const AUTO = 'auto';
/** More is a mistake of the caller's: no request is tried so often. */
const MAX_LISTED_MODELS = 50;

export function resolveModel(body: ChatRequest, principal: Principal, snapshot: Snapshot, exclusions: Exclusions): Resolution {
  const names = [...new Set([...(body.model ? [body.model] : []), ...(body.models ?? [])])];
  if (names.length === 0) throw new GatewayError('invalid_request', 'Name a model in `model`, or several in `models`.', { param: 'model' });
  if (names.length > MAX_LISTED_MODELS) {
    throw new GatewayError('invalid_request', `\`models\` may list at most ${MAX_LISTED_MODELS} models.`, { param: 'models' });
  }
  const index = indexOf(snapshot);
  const wanted = names.map((name) => find(name, principal, snapshot, index, exclusions));
  if (wanted.every((one) => one.entries.length === 0)) refuse(names, exclusions);
  return { requested: names, wanted };
}

function find(name: string, principal: Principal, snapshot: Snapshot, index: RoutingIndex, exclusions: Exclusions): Wanted {
  const { base, sort } = splitSuffix(name, snapshot);
  const allowed = allowedNames(principal);
  if (base === AUTO) {
    const free = allowed === undefined || allowed.has(AUTO);
    const entries = free ? index.auto : index.auto.filter(({ model }) => isAllowed(model, allowed));
    if (entries.length === 0) exclusions.add(AUTO, null, free ? 'no_endpoint' : 'not_allowed_for_key');
    return { kind: 'auto', entries, group: undefined, sort };
  }
  const group = snapshot.groups.get(base);
  if (group?.enabled) {
    const free = allowed === undefined || allowed.has(group.id);
    return { kind: 'group', entries: groupEntries(group, snapshot, index, free ? undefined : allowed, exclusions), group, sort };
  }
  const model = snapshot.modelsByName.get(base);
  if (!model?.enabled) exclusions.add(name, null, 'unknown_model');
  else if (!isAllowed(model, allowed, base)) exclusions.add(model.id, null, 'not_allowed_for_key');
  else return { kind: 'model', entries: [index.entry(model)], group: undefined, sort };
  return { kind: 'model', entries: [], group: undefined, sort };
}

/** A model whose own name ends in `:floor` stays that model. */
function splitSuffix(name: string, snapshot: Snapshot): { base: string; sort: Sort | undefined } {
  if (snapshot.modelsByName.has(name)) return { base: name, sort: undefined };
  if (name.endsWith(':floor')) return { base: name.slice(0, -':floor'.length), sort: 'price' };
  if (name.endsWith(':nitro')) return { base: name.slice(0, -':nitro'.length), sort: 'throughput' };
  return { base: name, sort: undefined };
}

function groupEntries(
  group: GroupRow,
  snapshot: Snapshot,
  index: RoutingIndex,
  allowed: ReadonlySet<string> | undefined,
  exclusions: Exclusions,
): ModelEntry[] {
  const entries = new Set<ModelEntry>();
  for (const tier of ['frontier', 'standard', 'value'] satisfies QualityTier[]) {
    for (const id of group.tiers[tier]) {
      const model = snapshot.modelsByName.get(id);
      if (!model?.enabled) exclusions.add(id, null, 'disabled');
      else if (!isAllowed(model, allowed)) exclusions.add(model.id, null, 'not_allowed_for_key');
      else entries.add(index.entry(model));
    }
  }
  return [...entries];
}

function allowedNames(principal: Principal): ReadonlySet<string> | undefined {
  const { models } = principal.keyPolicy;
  return models === undefined ? undefined : new Set(models);
}

function isAllowed(model: Model, allowed: ReadonlySet<string> | undefined, asked = model.id): boolean {
  if (allowed === undefined || allowed.has(model.id) || allowed.has(asked)) return true;
  return model.aliases.some((alias) => allowed.has(alias));
}

/** Returns when the exclusions have another reason than the names: planning then says so. */
function refuse(names: readonly string[], exclusions: Exclusions): void {
  const quoted = names.map((name) => `\`${name.slice(0, 100)}\``).join(', ');
  if (exclusions.allAre('unknown_model')) {
    throw new GatewayError('model_not_found', `The model ${quoted} does not exist. GET /v1/models lists the models that you can use.`, {
      param: 'model',
    });
  }
  if (exclusions.allAre('not_allowed_for_key', 'unknown_model', 'disabled')) {
    throw new GatewayError('model_not_allowed', `This API key may not use ${quoted}. Add the model to the key, or use another key.`, {
      param: 'model',
    });
  }
}
