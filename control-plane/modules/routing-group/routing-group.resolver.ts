import { Arg, Args, Authorized, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { findPage, NAME_PATTERN, type Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { connectionOf, PageArguments } from '../fields.js';
import { explainRoute } from './explain-route.js';
import { ExplainRouteInput, RouteExplanation } from './explain-route.shapes.js';
import { RoutingGroup } from './routing-group.entity.js';
import { RoutingGroupInput } from './routing-group.shapes.js';
import { deleteRoutingGroup, saveRoutingGroup } from './save-routing-group.js';

const RoutingGroupConnection = connectionOf('RoutingGroup', RoutingGroup);

@Resolver(() => RoutingGroup)
export class RoutingGroupResolver {
  @Authorized('operator')
  @Query(() => RoutingGroupConnection)
  routingGroups(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<RoutingGroup>> {
    return findPage(context.em, RoutingGroup, {}, page, { key: 'id', direction: 'asc', pattern: NAME_PATTERN });
  }

  @Authorized('operator')
  @Query(() => RouteExplanation, { description: 'What a node would do with a request, and why: nothing is called and nothing charged.' })
  explainRoute(@Ctx() context: RequestContext, @Arg('input', () => ExplainRouteInput) input: ExplainRouteInput): Promise<RouteExplanation> {
    const { fleet, nodeToken } = context.services;
    return explainRoute({ em: context.em, fleet, nodeToken }, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => RoutingGroup)
  saveRoutingGroup(@Ctx() context: RequestContext, @Arg('input', () => RoutingGroupInput) input: RoutingGroupInput): Promise<RoutingGroup> {
    return saveRoutingGroup(context.em, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => Boolean)
  async deleteRoutingGroup(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    await deleteRoutingGroup(context.em, requireActor(context), id);
    return true;
  }
}
