import { Arg, Args, Authorized, Ctx, Float, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Page } from '../../db/find-page.js';
import { requireActor } from '../actor.js';
import type { RequestContext } from '../context.js';
import { PageArguments } from '../fields.js';
import { drainNode } from './drain-node.js';
import { CatalogDifference, FleetNode, RegionInput, Revision, RevisionConnection } from './fleet.shapes.js';
import { listNodes } from './list-nodes.js';
import { diffRevisions, listRevisions } from './list-revisions.js';
import { Region } from './region.entity.js';
import { rollBackCatalog } from './roll-back-catalog.js';
import { saveRegion } from './save-region.js';

@Resolver()
export class FleetResolver {
  @Authorized('operator')
  @Query(() => [FleetNode], { description: 'Every node of the last 30 days.' })
  nodes(@Ctx() context: RequestContext): Promise<FleetNode[]> {
    return listNodes(context.em, context.services.fleet);
  }

  @Authorized('operator')
  @Query(() => RevisionConnection, { description: 'Newest first.' })
  revisions(@Ctx() context: RequestContext, @Args(() => PageArguments) page: PageArguments): Promise<Page<Revision>> {
    return listRevisions(context.em, context.services.fleet, page);
  }

  @Authorized('operator')
  @Query(() => [CatalogDifference], { description: 'What the catalogue of one published revision has otherwise than that of another.' })
  revisionDiff(
    @Ctx() context: RequestContext,
    @Arg('from', () => Float) from: number,
    @Arg('to', () => Float) to: number,
  ): Promise<CatalogDifference[]> {
    return diffRevisions(context.em, from, to);
  }

  @Authorized('operator')
  @Mutation(() => Float, {
    description: 'The catalogue as it was published then, as a new revision; returned. Credentials, regions, keys and accounts stay.',
  })
  rollBackCatalog(@Ctx() context: RequestContext, @Arg('revision', () => Float) revision: number): Promise<number> {
    return rollBackCatalog(context.em, requireActor(context), revision);
  }

  @Authorized('operator')
  @Query(() => [Region])
  regions(@Ctx() context: RequestContext): Promise<Region[]> {
    return context.em.find(Region, {}, { orderBy: { id: 'asc' } });
  }

  @Authorized('operator')
  @Mutation(() => Region, { description: 'A new region, or a new key of one, has every credential sealed for it.' })
  saveRegion(@Ctx() context: RequestContext, @Arg('input', () => RegionInput) input: RegionInput): Promise<Region> {
    return saveRegion(context.em, context.services.kms, requireActor(context), input);
  }

  @Authorized('operator')
  @Mutation(() => Boolean, {
    description: 'A drained node says that it is not ready, so that nothing new is sent to it; true when that changed. false ends it.',
  })
  drainNode(
    @Ctx() context: RequestContext,
    @Arg('id', () => ID) id: string,
    @Arg('drained', () => Boolean) drained: boolean,
  ): Promise<boolean> {
    return drainNode(context.em, requireActor(context), id, drained);
  }

  @Authorized('operator')
  @Mutation(() => Boolean, { description: 'Forgets a node that is gone for good.' })
  async forgetNode(@Ctx() context: RequestContext, @Arg('id', () => ID) id: string): Promise<boolean> {
    const { fleet } = context.services;
    if (fleet.isLive(id)) return false;
    const rows = await context.em.execute<unknown[]>('DELETE FROM node WHERE id = ? RETURNING id', [id]);
    return rows.length === 1;
  }
}
