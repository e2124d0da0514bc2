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
import { autoChoices } from './routing-index.js';

export type Sort = 'price' | 'latency' | 'throughput';

export interface Resolution {
  /** As the customer wrote it. */
  readonly asked: string;
  /** Everything asked for, for an error. */
  readonly requested: readonly string[];
  /** `auto`: ours to order by cost. `group`: tiers decide. `ordered`: the customer's order. */
  readonly kind: 'auto' | 'group' | 'ordered';
  readonly models: readonly Model[];
  readonly group: GroupRow | undefined;
  /** From a suffix. */
  readonly sort: Sort | undefined;
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
  const found = names.map((name) => find(name, principal, snapshot, exclusions));
  const first = found[0];
  if (names.length === 1 && first) {
    refuseNothing(names, first.models, exclusions);
    return { asked: names[0] ?? '', requested: names, ...first };
  }
  const models = [...new Set(found.flatMap((one) => one.models))];
  refuseNothing(names, models, exclusions);
  return { asked: names[0] ?? '', requested: names, kind: 'ordered', models, group: undefined, sort: first?.sort };
}

type Found = Pick<Resolution, 'kind' | 'models' | 'group' | 'sort'>;

function find(name: string, principal: Principal, snapshot: Snapshot, exclusions: Exclusions): Found {
  const { base, sort } = splitSuffix(name, snapshot);
  const allowed = allowedNames(principal);
  if (base === AUTO) {
    const free = allowed === undefined || allowed.has(AUTO);
    const models = free ? autoChoices(snapshot) : autoChoices(snapshot).filter((model) => isAllowed(model, allowed));
    if (models.length === 0) exclusions.add(AUTO, null, free ? 'no_endpoint' : 'not_allowed_for_key');
    return { kind: 'auto', models, group: undefined, sort };
  }
  const group = snapshot.groups.get(base);
  if (group?.enabled) {
    const free = allowed === undefined || allowed.has(group.id);
    return { kind: 'group', models: groupModels(group, snapshot, free ? undefined : allowed, exclusions), group, sort };
  }
  const model = snapshot.modelsByName.get(base);
  if (!model?.enabled) exclusions.add(name, null, 'unknown_model');
  else if (!isAllowed(model, allowed, base)) exclusions.add(model.id, null, 'not_allowed_for_key');
  else return { kind: 'ordered', models: [model], group: undefined, sort };
  return { kind: 'ordered', models: [], group: undefined, sort };
}

/** A model whose own name ends in `:floor` stays that model. */
function splitSuffix(name: string, snapshot: Snapshot): { base: string; sort: Sort | undefined } {
  if (snapshot.modelsByName.has(name)) return { base: name, sort: undefined };
  if (name.endsWith(':floor')) return { base: name.slice(0, -':floor'.length), sort: 'price' };
  if (name.endsWith(':nitro')) return { base: name.slice(0, -':nitro'.length), sort: 'throughput' };
  return { base: name, sort: undefined };
}

function groupModels(group: GroupRow, snapshot: Snapshot, allowed: ReadonlySet<string> | undefined, exclusions: Exclusions): Model[] {
  const models: Model[] = [];
  for (const tier of ['frontier', 'standard', 'value'] satisfies QualityTier[]) {
    for (const id of group.tiers[tier]) {
      const model = snapshot.modelsByName.get(id);
      if (!model?.enabled) exclusions.add(id, null, 'disabled');
      else if (!isAllowed(model, allowed)) exclusions.add(model.id, null, 'not_allowed_for_key');
      else if (!models.includes(model)) models.push(model);
    }
  }
  return models;
}

function allowedNames(principal: Principal): ReadonlySet<string> | undefined {
  const { models } = principal.keyPolicy;
  return models === undefined ? undefined : new Set(models);
}

function isAllowed(model: Model, allowed: ReadonlySet<string> | undefined, asked = model.id): boolean {
  if (allowed === undefined || allowed.has(model.id) || allowed.has(asked)) return true;
  return model.aliases.some((alias) => allowed.has(alias));
}

function refuseNothing(names: readonly string[], models: readonly Model[], exclusions: Exclusions): void {
  if (models.length > 0) return;
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
