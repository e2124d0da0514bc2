import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { findPage, NAME_PATTERN, NUMBER_PATTERN, type Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { EndpointInput, EndpointMargin, GatewaySettingsInput, GatewaySettingsView, ModelInput, PriceInput } from './catalog.shapes.js';
import { Endpoint, Model } from './model.entity.js';
import { ModelPrice } from './model-price.entity.js';
import { previewMargin } from './preview-margin.js';
import { toUsdRates, UsdRates, UsdTier } from './rates.js';
import { deleteEndpoint, saveEndpoint, saveModel, setModelPrice } from './save-model.js';
import { readSettings, saveSettings } from './settings.js';

const ModelConnection = connectionOf('Model', Model);
const EndpointConnection = connectionOf('Endpoint', Endpoint);
const ModelPriceConnection = connectionOf('ModelPrice', ModelPrice);

@Resolver(() => Model)
export class ModelResolver {
  @Authorized('operator')
  @Query(() => ModelConnection)
  models(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('search', () => String, { nullable: true }) search: string | null,
  ): Promise<Page<Model>> {
    const where = search ? { id: { $ilike: `%${search.replaceAll(/[\\%_]/g, '\\$&')}%` } } : {};
    return findPage(context.em, Model, where, page, { key: 'id', direction: 'asc', pattern: NAME_PATTERN });
  }

  @Authorized('operator')
  @Query(() => Model, { nullable: true })
  model(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<Model | null> {
    return context.em.findOne(Model, { id });
  }

  @Authorized('operator')
  @Query(() => EndpointConnection)
  endpoints(
    @Ctx() context: RequestContext,
    @Args(() => PageArguments) page: PageArguments,
    @Arg('modelId', () => ID, { nullable: true }) modelId: string | null,
    @Arg('vendorId', () => ID, { nullable: true }) vendorId: string | null,
  ): Promise<Page<Endpoint>> {
    const where = { ...(modelId && { modelId }), ...(vendorId && { vendorId }) };
    return findPage(context.em, Endpoint, where, page, { key: 'id', direction: 'asc', pattern: NAME_PATTERN });
  }

  @Authorized('operator')
  @Query(() => [EndpointMargin], { description: 'What these rates (absent: those in force) would leave at each endpoint of the model.' })
  marginPreview(
    @Ctx() context: RequestContext,
    @Arg('modelId', () => ID) modelId: string,
    @Arg('rates', () => UsdRates, { nullable: true }) rates: UsdRates | null,
  ): Promise<EndpointMargin[]> {
    return previewMargin(context.em, modelId, rates);
  }

  @Authorized('operator')
  @Mutation(() => Model)
  saveModel(@Ctx() context: RequestContext, @Arg('input', () => ModelInput) input: ModelInput): Promise<Model> {
    return saveModel(context.em, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => ModelPrice)
  setModelPrice(
    @Ctx() context: RequestContext,
    @Arg('modelId', () => ID) modelId: string,
    @Arg('input', () => PriceInput) input: PriceInput,
  ): Promise<ModelPrice> {
    return setModelPrice(context.em, requireActor(context), modelId, input);
  }

  @Authorized('operator')
  @Mutation(() => Endpoint)
  saveEndpoint(@Ctx() context: RequestContext, @Arg('input', () => EndpointInput) input: EndpointInput): Promise<Endpoint> {
    return saveEndpoint(context.em, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => Boolean)
  async deleteEndpoint(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await deleteEndpoint(context.em, requireActor(context), id);
    return true;
  }

  @Authorized('operator')
  @Query(() => GatewaySettingsView)
  gatewaySettings(@Ctx() context: RequestContext): Promise<GatewaySettingsView> {
    return readSettings(context.em);
  }

  @Authorized('operator')
  @Mutation(() => GatewaySettingsView)
  saveGatewaySettings(
    @Ctx() context: RequestContext,
    @Arg('input', () => GatewaySettingsInput) input: GatewaySettingsInput,
  ): Promise<GatewaySettingsView> {
    return saveSettings(context.em, requireActor(context), input);
  }

  @FieldResolver(() => ModelPrice, { nullable: true, description: 'In force now.' })
  async price(@Ctx() context: RequestContext, @Root() model: Model): Promise<ModelPrice | null> {
    return (await context.load.price(model.id)) ?? null;
  }

  @FieldResolver(() => ModelPriceConnection, { description: 'Newest first, scheduled ones included.' })
  prices(@Ctx() context: RequestContext, @Root() model: Model, @Args(() => PageArguments) page: PageArguments): Promise<Page<ModelPrice>> {
    return findPage(context.em, ModelPrice, { modelId: model.id }, page, { key: 'revision', direction: 'desc', pattern: NUMBER_PATTERN });
  }

  @FieldResolver(() => [Endpoint], { name: 'endpoints' })
  async endpointsOf(@Ctx() context: RequestContext, @Root() model: Model): Promise<Endpoint[]> {
    return (await context.load.endpoints(model.id)) ?? [];
  }
}

@Resolver(() => Endpoint)
export class EndpointResolver {
  @FieldResolver(() => UsdRates, { description: 'What the operator pays there.' })
  cost(@Root() endpoint: Endpoint): UsdRates {
    return toUsdRates(endpoint.cost);
  }
}

@Resolver(() => ModelPrice)
export class ModelPriceResolver {
  @FieldResolver(() => ID, { description: 'Stands in each settlement: a charge can be recomputed from it.' })
  revision(@Root() price: ModelPrice): string {
    return price.revision.toString();
  }

  @FieldResolver(() => UsdRates)
  rates(@Root() price: ModelPrice): UsdRates {
    return toUsdRates(price);
  }

  @FieldResolver(() => [UsdTier])
  tiers(@Root() price: ModelPrice): UsdTier[] {
    return price.tiers.map((tier) => ({ aboveInputTokens: tier.aboveInputTokens, rates: toUsdRates(tier.rates) }));
  }
}
