import type { EntityManager } from '@mikro-orm/postgresql';
import { GatewayError } from '../../../shared/errors.js';
import { assignPresent, requireMembers, requireOneOf } from '../assign-present.js';
import { changeAsOperator } from '../change-as-operator.js';
import type { Actor } from '../permissions.js';
import type { EndpointInput, ModelInput, PriceInput } from './catalog.shapes.js';
import { checkCapabilities, checkQuirks, checkSomeCapabilities } from './check-shapes.js';
import { Endpoint, Model } from './model.entity.js';
import { ModelPrice } from './model-price.entity.js';
import { fromUsdRates } from './rates.js';

/** Creates or changes; a new model comes with its price, or it would hold up every publication. */
export async function saveModel(em: EntityManager, actor: Actor, input: ModelInput): Promise<Model> {
  const change = { action: 'model.save', subjectType: 'model', subjectId: input.id, detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const known = await transaction.findOne(Model, { id: input.id });
    const model = known ?? new Model();
    assignPresent(model, input, { except: ['capabilities', 'price'] });
    if (input.capabilities !== undefined && input.capabilities !== null) model.capabilities = checkCapabilities(input.capabilities);
    model.releasedAt ??= new Date();
    requireMembers(model, ['id', 'name', 'ownedBy', 'contextTokens', 'maxOutputTokens', 'capabilities', 'tier']);
    requireOneOf('tier', model.tier, ['frontier', 'standard', 'value']);
    if (!known && !input.price) throw new GatewayError('invalid_request', 'price is required for a new model.', { param: 'price' });
    if (!known) await transaction.persist(model).flush();
    if (input.price) await insertPrice(transaction, actor, model.id, input.price);
    return model;
  });
}

/** Now, or from a later moment on. Never backwards: what was charged stays explained. */
export async function setModelPrice(em: EntityManager, actor: Actor, modelId: string, input: PriceInput): Promise<ModelPrice> {
  const change = { action: 'price.set', subjectType: 'model', subjectId: modelId, detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    if ((await transaction.count(Model, { id: modelId })) === 0)
      throw new GatewayError('not_found', 'No such model.', { param: 'modelId' });
    return insertPrice(transaction, actor, modelId, input);
  });
}

async function insertPrice(em: EntityManager, actor: Actor, modelId: string, input: PriceInput): Promise<ModelPrice> {
  const rates = fromUsdRates(input.rates, 'rates');
  const free = input.free ?? false;
  if (!free && (rates.inputUncached === '0' || rates.output === '0') && rates.requests === '0')
    throw new GatewayError('invalid_request', 'A price of 0 must be meant: set free, or give input and output a price.', {
      param: 'rates',
    });
  const tiers = (input.tiers ?? []).map((tier) => ({
    aboveInputTokens: tier.aboveInputTokens,
    rates: fromUsdRates(tier.rates, 'tiers.rates'),
  }));
  tiers.sort((left, right) => left.aboveInputTokens - right.aboveInputTokens);
  const [row] = await em.execute<{ revision: string }[]>(
    `INSERT INTO model_price (model_id, effective_from, input_uncached, cache_read, cache_write_5m, cache_write_1h, output, requests, tiers, free, created_by)
     SELECT ?, coalesce(?::timestamptz, now()), ?::bigint, ?::bigint, ?::bigint, ?::bigint, ?::bigint, ?::bigint, ?::jsonb, ?, ?
     WHERE coalesce(?::timestamptz, now()) >= now() RETURNING revision`,
    [
      modelId,
      input.effectiveFrom ?? null,
      rates.inputUncached,
      rates.cacheRead,
      rates.cacheWrite5m,
      rates.cacheWrite1h,
      rates.output,
      rates.requests,
      JSON.stringify(tiers),
      free,
      actor.userId,
      input.effectiveFrom ?? null,
    ],
  );
  if (!row) throw new GatewayError('invalid_request', 'effectiveFrom lies in the past.', { param: 'effectiveFrom' });
  return em.findOneOrFail(ModelPrice, { revision: BigInt(row.revision) });
}

export async function saveEndpoint(em: EntityManager, actor: Actor, input: EndpointInput): Promise<Endpoint> {
  const change = { action: 'endpoint.save', subjectType: 'endpoint', subjectId: input.id, detail: { ...input } };
  return changeAsOperator(em, actor, change, async (transaction) => {
    const known = await transaction.findOne(Endpoint, { id: input.id });
    const endpoint = known ?? new Endpoint();
    const nullable = ['regions', 'contextTokens', 'maxOutputTokens'];
    assignPresent(endpoint, input, { nullable, except: ['cost', 'capabilities', 'quirks'] });
    if (input.cost) endpoint.cost = fromUsdRates(input.cost, 'cost');
    if (input.capabilities !== undefined) endpoint.capabilities = input.capabilities && checkSomeCapabilities(input.capabilities);
    if (input.quirks !== undefined) endpoint.quirks = input.quirks && checkQuirks(input.quirks);
    requireMembers(endpoint, ['id', 'modelId', 'vendorId', 'upstreamModel', 'cost']);
    if (!known) transaction.persist(endpoint);
    return endpoint;
  });
}

export async function deleteEndpoint(em: EntityManager, actor: Actor, id: string): Promise<void> {
  const change = { action: 'endpoint.delete', subjectType: 'endpoint', subjectId: id };
  await changeAsOperator(em, actor, change, async (transaction) => {
    if ((await transaction.nativeDelete(Endpoint, { id })) === 0) throw new GatewayError('not_found', 'No such endpoint.', { param: 'id' });
  });
}
