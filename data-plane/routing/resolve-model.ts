/**
 * From what the customer asked for to models in order: a model's id or alias, `auto`, a group, or a list of those (`models`), each with
 * an optional suffix `:floor` (price) or `:nitro` (throughput). Throws `model_not_found` when nothing asked for exists,
 * `model_not_allowed` when the key may use none of it, `invalid_request` for a list that is too long.
 */
import type { ChatRequest, QualityTier } from '../../shared/chat.js';
import { GatewayError } from '../../shared/errors.js';
import type { GroupRow } from '../../shared/snapshot.js';
import type { Model, Principal, Snapshot } from '../types.js';
import type { AutoTable } from './auto-table.js';
import type { Exclusions } from './exclusions.js';
import { indexOf, type ModelEntry, type RoutingIndex } from './routing-index.js';

export type Sort = 'price' | 'latency' | 'throughput';

/** One thing asked for. `auto`: ours to order by cost. `group`: tiers decide. `model`: itself. */
export interface Wanted {
  readonly kind: 'auto' | 'group' | 'model';
  readonly entries: readonly ModelEntry[];
  /** Of `auto`: its entries in columns. */
  readonly table: AutoTable | undefined;
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
  const names = namesIn(body);
  if (names.length === 0) throw new GatewayError('invalid_request', 'Name a model in `model`, or several in `models`.', { param: 'model' });
  if (names.length > MAX_LISTED_MODELS) {
    throw new GatewayError('invalid_request', `\`models\` may list at most ${MAX_LISTED_MODELS} models.`, { param: 'models' });
  }
  const index = indexOf(snapshot);
  const wanted = names.map((name) => find(name, principal, snapshot, index, exclusions));
  if (wanted.every((one) => one.entries.length === 0)) refuse(names, exclusions);
  return { requested: names, wanted };
}

function namesIn({ model, models }: ChatRequest): readonly string[] {
  if (models === undefined) return model ? [model] : [];
  return [...new Set([...(model ? [model] : []), ...models])];
}

function find(name: string, principal: Principal, snapshot: Snapshot, index: RoutingIndex, exclusions: Exclusions): Wanted {
  const sort = suffixSort(name, snapshot);
  const base = sort === undefined ? name : name.slice(0, name.lastIndexOf(':'));
  const { models: list } = principal.keyPolicy;
  const allowed = list === undefined ? undefined : setOf(list);
  if (base === AUTO) {
    const table =
      list === undefined || allowed === undefined || allowed.has(AUTO)
        ? index.auto
        : index.autoWithin(list, (model) => isAllowed(model, allowed));
    const { entries } = table;
    if (entries.length === 0) exclusions.add(AUTO, null, table === index.auto ? 'no_endpoint' : 'not_allowed_for_key');
    return { kind: 'auto', entries, table, group: undefined, sort };
  }
  const group = snapshot.groups.get(base);
  if (group?.enabled) {
    const free = allowed === undefined || allowed.has(group.id);
    const entries = groupEntries(group, snapshot, index, free ? undefined : allowed, exclusions);
    return { kind: 'group', entries, table: undefined, group, sort };
  }
  const model = snapshot.modelsByName.get(base);
  const chosen: readonly ModelEntry[] = model?.enabled && isAllowed(model, allowed, base) ? [index.entry(model)] : [];
  if (!model?.enabled) exclusions.add(name, null, 'unknown_model');
  else if (chosen.length === 0) exclusions.add(model.id, null, 'not_allowed_for_key');
  return { kind: 'model', entries: chosen, table: undefined, group: undefined, sort };
}

/** From a suffix of the name; a model whose own name ends in `:floor` stays that model. */
function suffixSort(name: string, snapshot: Snapshot): Sort | undefined {
  if (!name.includes(':') || snapshot.modelsByName.has(name)) return undefined;
  if (name.endsWith(':floor')) return 'price';
  return name.endsWith(':nitro') ? 'throughput' : undefined;
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

/** A key's list as a set, made once for the list. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function setOf(list: readonly string[]): ReadonlySet<string> {
  const known = sets.get(list);
  if (known) return known;
  const set = new Set(list);
  sets.set(list, set);
  return set;
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
