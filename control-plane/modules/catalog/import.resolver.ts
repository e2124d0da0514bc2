import { Arg, Authorized, Ctx, Field, ID, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import { GatewayError } from '../../../shared/errors.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { applyImport, type ImportChange, reviewImport } from './review-import.js';

/** Each is a transaction and a revision. */
const MAX_MODELS = 50;

@ObjectType({ description: "What this program's catalogue says otherwise than the one in force." })
export class CatalogueImportChange {
  @Field(() => ID)
  modelId!: string;

  @Field(() => String, { description: 'added, changed or not_in_catalogue (a model of your own: it stays).' })
  kind!: string;

  @Field(() => [String], { description: 'price.output: 2 -> 2.5, in USD per million tokens.' })
  changes!: string[];
}

@Resolver()
export class ImportResolver {
  @Authorized('operator')
  @Query(() => [CatalogueImportChange])
  catalogueImport(@Ctx() context: RequestContext): Promise<readonly ImportChange[]> {
    return reviewImport(context.em);
  }

  @Authorized('operator')
  @Mutation(() => Int, { description: 'Prices, costs and new models, from now on; how many models changed.' })
  applyCatalogueImport(@Ctx() context: RequestContext, @Arg('modelIds', () => [ID]) modelIds: string[]): Promise<number> {
    if (modelIds.length > MAX_MODELS)
      throw new GatewayError('invalid_request', `At most ${MAX_MODELS} models at once.`, { param: 'modelIds' });
    return applyImport(context.em, requireActor(context), modelIds);
  }
}
