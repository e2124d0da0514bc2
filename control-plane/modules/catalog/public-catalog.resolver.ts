import { Authorized, Ctx, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../context.js';
import { CatalogGroup, CatalogModel } from './public-catalog.shapes.js';
import { readPublicGroups, readPublicModels } from './read-public-catalog.js';

@Resolver()
export class PublicCatalogResolver {
  @Authorized('account:read')
  @Query(() => [CatalogModel], { description: 'Every model that can be asked for, by id.' })
  catalogModels(@Ctx() context: RequestContext): Promise<CatalogModel[]> {
    return readPublicModels(context.pool);
  }

  @Authorized('account:read')
  @Query(() => [CatalogGroup], { description: 'Every group that can be asked for, by id. `auto` is none: it is the cheapest that can.' })
  catalogGroups(@Ctx() context: RequestContext): Promise<CatalogGroup[]> {
    return readPublicGroups(context.pool);
  }
}
